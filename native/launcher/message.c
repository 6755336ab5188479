/*
 * message.c - one byte and up to four descriptors over a SOCK_SEQPACKET pair.
 *
 * unix(7), cmsg(3).
 */
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union ancillary {
	char space[CMSG_SPACE(sizeof(int) * MESSAGE_MOST_DESCRIPTORS)];
	struct cmsghdr align;
};

int send_message(int socket, enum message kind, const int *descriptors, size_t count)
{
	char byte = (char)kind;
	struct iovec part = { &byte, 1 };
	union ancillary ancillary;
	memset(&ancillary, 0, sizeof ancillary);
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	if (count > 0) {
		message.msg_control = ancillary.space;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * count);
		memcpy(CMSG_DATA(header), descriptors, sizeof(int) * count);
	}
	ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	if (sent == 1)
		return 0;
	if (sent != -1)
		errno = EPIPE;
	return -1;
}

int receive_message(int socket, int descriptors[MESSAGE_MOST_DESCRIPTORS], size_t *count)
{
	char byte = 0;
	struct iovec part = { &byte, 1 };
	union ancillary ancillary;
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = ancillary.space,
				  .msg_controllen = sizeof ancillary.space };
	*count = 0;
	ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (size == -1)
		return -1;
	if (size == 0) {
		errno = EPIPE;
		return -1;
	}
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
	     header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		*count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(descriptors, CMSG_DATA(header), *count * sizeof(int));
	}
	if ((message.msg_flags & MSG_CTRUNC) != 0) {
		errno = EMFILE;
		return -1;
	}
	return byte;
}
