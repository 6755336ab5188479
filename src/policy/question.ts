/** Reads what `--why` asks: a system call, a path, or a host and port. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { nearestName } from '../base/nearest.js';
import { faultOfPath } from '../base/path-rules.js';
import { isCallOfAnyAbi, nearestCall } from '../seccomp/abis.js';
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, X32_BIT } from '../seccomp/bpf.js';
import { allSyscalls, isSyscall, syscallName, syscallNumber } from '../seccomp/syscalls.js';
import type { Conjunction } from './conjunction.js';
import { readArguments } from './question-arguments.js';
import { questionRefusal as refusal } from './question-refusal.js';

export type Question =
  | {
      readonly kind: 'call';
      /** undefined: no call of x86-64 has this number. */
      readonly call: string | undefined;
      readonly nr: number;
      readonly arch: number;
      /** Empty: whatever the arguments are. */
      readonly when: Conjunction;
      /** Arguments as they were written that no rule can look at: taken for any value. */
      readonly ignored: readonly string[];
    }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'port'; readonly host: string; readonly port: number };

/** With what strace(1) writes behind it, such as ` = -1 EPERM (Operation not permitted)`. */
const CALL =
  /^(?:(i386|x32|x86-64|x86_64)[ :]+)?([A-Za-z_][A-Za-z0-9_]*|0[xX][0-9a-fA-F]+|\d+)\s*(?:\((.*?)\)(?:\s*=[^()]*(?:\([^()]*\))?)?\s*)?$/s;
const PORT = /^(\[[0-9A-Fa-f:.]+\]|[^\s/:]+):(\d{1,9})$/;

/** @throws {PolicyError} POLICY_QUESTION, with the nearest names where one is misspelt */
export function readQuestion(text: string): Question {
  // A name may end with a space.
  if (text.startsWith('/')) return { kind: 'path', path: readPath(text) };
  const asked = text.trim();
  const port = PORT.exec(asked);
  if (port !== null) return readPort(port[1] ?? '', Number(port[2]));
  const call = CALL.exec(asked);
  if (call === null) throw refusal(asked, 'is no call, no absolute path and no HOST:PORT', hintFor(asked));
  return readCall(call[1] ?? '', call[2] ?? '', call[3]);
}

/** What is nearest to a question that is none. */
function hintFor(asked: string): string {
  const socket = /^unix:(?:\/\/)?(\/.*)$/i.exec(asked)?.[1];
  if (socket !== undefined) return `a socket in the file system is a path: ${socket}`;
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/]+)/i.exec(asked)?.[1];
  if (url !== undefined) return `write the host and the port alone, such as ${/:\d+$/.test(url) ? url : `${url}:443`}`;
  const [, address = '', port = ''] = /^(.*):(\d+)$/.exec(asked) ?? [];
  if (isIPv6(address)) return `write [${address}]:${port}`;
  if (isIP(asked.replace(/^\[|\]$/g, '')) !== 0 || /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(asked))
    return `a host needs a port, such as ${isIPv6(asked) ? `[${asked}]` : asked}:443`;
  if (/^(~|\.{1,2})?\/|^[^()\s:]+\/[^()\s]*$/.test(asked)) return 'paths inside begin with /';
  return 'such as socket(AF_INET), /etc/passwd or db:5432';
}

function readPath(path: string): string {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const fault = faultOfPath(trimmed === '' ? '/' : trimmed);
  if (fault !== undefined)
    throw refusal(path, `is no path that a policy could name: ${fault}`, 'write it in its shortest form');
  return trimmed === '' ? '/' : trimmed;
}

function readPort(host: string, port: number): Question {
  if (port < 1 || port > 65_535) throw refusal(`${host}:${port}`, 'is out of range', 'ports go from 1 to 65535');
  const bare = host.replace(/^\[|\]$/g, '');
  const isAddress = host.startsWith('[') ? isIPv6(bare) : !/^[\d.]+$/.test(host) || isIPv4(host);
  if (!isAddress) throw refusal(`${host}:${port}`, 'has an address that is none', 'such as 127.0.0.1:80 or [::1]:80');
  return { kind: 'port', host: bare, port };
}

function readCall(abi: string, name: string, list: string | undefined): Question {
  if (abi === 'i386' || abi === 'x32') {
    if (!/^\d/.test(name) && !isCallOfAnyAbi(name))
      throw refusal(name, 'is no system call', `did you mean "${nearestCall(name) ?? 'socketcall'}"?`);
    const nr = /^\d/.test(name) ? Number(name) : isSyscall(name) ? syscallNumber(name) : 0;
    return abi === 'i386'
      ? { kind: 'call', call: name, nr, arch: AUDIT_ARCH_I386, when: [], ignored: [] }
      : { kind: 'call', call: name, nr: (nr | X32_BIT) >>> 0, arch: AUDIT_ARCH_X86_64, when: [], ignored: [] };
  }
  const nr = /^\d/.test(name) ? Number(name) : numberOf(name);
  if (nr > 0xffff_ffff) throw refusal(name, 'is no number of a call', 'numbers have 32 bits');
  const call = syscallName(nr);
  return { kind: 'call', call, nr, arch: AUDIT_ARCH_X86_64, ...readArguments(call ?? '', list) };
}

function numberOf(name: string): number {
  const asked = isSyscall(name) ? name : name.toLowerCase().replace(/^(sys|__nr|scmp_sys)_/, '');
  if (isSyscall(asked)) return syscallNumber(asked);
  const near = nearestName(
    asked,
    allSyscalls.map((one) => one.name),
  );
  const other = name === 'localhost' ? 'for a host, add a port: localhost:80' : 'syscalls(2) lists the names';
  throw refusal(name, 'is no system call of x86-64', near === undefined ? other : `did you mean "${near}"?`);
}
