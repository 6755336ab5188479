/** Why a host and port can be reached or not. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { type Answer, placeOfSetting, type Subject } from './answer.js';
import { bits } from './conjunction.js';
import { SOCKET_TYPE } from './constants-net.js';
import { type Question, readQuestion } from './question.js';
import { REASON } from './reason.js';
import { whyCall } from './why-call.js';

type Asked = Extract<Question, { kind: 'port' }>;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
/** Connecting to no address in particular is connecting to oneself. @see ip(7), INADDR_ANY */
LOOPBACK.addAddress('0.0.0.0', 'ipv4');
LOOPBACK.addAddress('::', 'ipv6');

const isLoopback = (host: string): boolean =>
  /^localhost\.?$/i.test(host) || (isIP(host) !== 0 && LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4'));

/** For TCP. Beyond loopback the network namespace decides, for every protocol alike. */
export function whyPort(subject: Subject, { host, port }: Asked): Answer {
  const { network } = subject.policy;
  const by = placeOfSetting(subject, '/network/mode', `network mode ${network.mode}`);
  const question = `connect to ${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (isLoopback(host)) return whyLoopback(subject, question, host);
  if (network.mode === 'none')
    return {
      question,
      verdict: 'denied',
      parts: [
        {
          isAllowed: false,
          outcome: 'not there: its network has the loopback interface alone',
          mechanism: 'network namespace',
          by,
        },
      ],
      notes: [],
      remedy: { kind: 'impossible', why: 'this release enforces no other network mode than none', by },
    };
  const listed = network.connect.find((one) => one.port === port && one.host.toLowerCase() === host.toLowerCase());
  return {
    question,
    verdict: 'denied',
    parts: [
      {
        isAllowed: false,
        outcome: `refused before anything runs: mode ${network.mode} is not enforced yet`,
        mechanism: 'network namespace',
        by,
      },
    ],
    notes: [
      listed === undefined
        ? `no entry of /network/connect names it: ${JSON.stringify({ host, port, protocol: 'tcp', why: REASON })}`
        : `/network/connect names it: ${listed.rule}`,
    ],
    remedy: { kind: 'impossible', why: 'this release enforces no other network mode than none', by },
  };
}

/** The run's own loopback interface needs nothing but the calls. */
function whyLoopback(subject: Subject, question: string, host: string): Answer {
  const family = host.includes(':') ? 'AF_INET6' : 'AF_INET';
  const socket = readQuestion(`socket(${family}, SOCK_STREAM)`);
  const connect = readQuestion('connect');
  if (socket.kind !== 'call' || connect.kind !== 'call') throw new TypeError('calls are calls');
  const stream = socket.when.map((test) =>
    test.arg === 1 ? bits(1, SOCKET_TYPE['SOCK_TYPE_MASK'] ?? 0xfn, test.value) : test,
  );
  const notes = ["it is the run's own loopback interface: nothing listens there but its own processes"];
  const answers = [whyCall(subject, { ...socket, when: stream }), whyCall(subject, connect)];
  const refusal = answers.find(({ verdict }) => verdict !== 'allowed');
  if (refusal !== undefined)
    return {
      question,
      verdict: 'denied',
      parts: refusal.parts.filter(({ isAllowed }) => !isAllowed),
      notes,
      remedy: refusal.remedy,
    };
  const by = placeOfSetting(subject, '/network/mode', 'a network of its own');
  return {
    question,
    verdict: 'allowed',
    parts: [{ isAllowed: true, outcome: 'allowed', mechanism: 'network namespace', by }],
    notes,
  };
}
