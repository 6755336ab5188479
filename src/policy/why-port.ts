/** Why a host and port can be reached or not. */
import { type Answer, placeOfSetting, type Subject } from './answer.js';
import { bits, both } from './conjunction.js';
import { ADDRESS_FAMILY } from './constants-net.js';
import { permittedCalls } from './effective.js';
import type { Question } from './question.js';
import { REASON } from './remedy.js';

type Asked = Extract<Question, { kind: 'port' }>;

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** The answer for TCP and UDP alike: what decides is the network namespace. */
export function whyPort(subject: Subject, { host, port }: Asked): Answer {
  const { network } = subject.policy;
  const by = placeOfSetting(subject, '/network/mode', `network mode ${network.mode}`);
  const question = `connect to ${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (LOOPBACK.test(host)) return whyLoopback(subject, question, host);
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
  const { syscalls } = subject.policy;
  const family = host.includes(':') ? 'AF_INET6' : 'AF_INET';
  const wanted = [bits(0, 0xffff_ffffn, ADDRESS_FAMILY[family] ?? 0n)];
  const canMake = permittedCalls(syscalls, 'socket').some((when) => both(when, wanted) !== undefined);
  const by = placeOfSetting(
    subject,
    canMake ? '/network/mode' : '/syscalls/allow',
    canMake ? 'a network of its own' : `no rule allows socket(${family})`,
  );
  const notes = ["it is the run's own loopback interface: nothing listens there but its own processes"];
  if (canMake)
    return {
      question,
      verdict: 'allowed',
      parts: [{ isAllowed: true, outcome: 'allowed', mechanism: 'network namespace', by }],
      notes,
    };
  return {
    question,
    verdict: 'denied',
    parts: [{ isAllowed: false, outcome: `refused: socket(${family}) is not allowed`, mechanism: 'seccomp', by }],
    notes: [...notes, `ask about the call for the change: --why "socket(${family}, SOCK_STREAM)"`],
  };
}
