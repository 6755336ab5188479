/** Reads what `--why` asks: a system call, a path, or a host and port. */
import { nearestName } from '../base/nearest.js';
import { faultOfPath } from '../base/path-rules.js';
import { isCallOfAnyAbi, nearestCall } from '../seccomp/abis.js';
import { AUDIT_ARCH_I386, AUDIT_ARCH_X86_64, X32_BIT } from '../seccomp/bpf.js';
import { allSyscalls, isSyscall, syscallName, syscallNumber } from '../seccomp/syscalls.js';
import { ARGUMENTS, type Argument } from './arguments.js';
import { allBits, bits, type Conjunction, type Test } from './conjunction.js';
import { PolicyError } from './errors.js';
import { meantOr } from './hint.js';

export type Question =
  | {
      readonly kind: 'call';
      /** undefined: no call of x86-64 has this number. */
      readonly call: string | undefined;
      readonly nr: number;
      readonly arch: number;
      /** Empty: whatever the arguments are. */
      readonly when: Conjunction;
    }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'port'; readonly host: string; readonly port: number };

const CALL = /^(?:(i386|x32|x86-64|x86_64)[ :]+)?([A-Za-z_][A-Za-z0-9_]*|0[xX][0-9a-fA-F]+|\d+)\s*(?:\((.*)\))?$/s;
const PORT = /^(\[[0-9A-Fa-f:.]+\]|[^\s/:]+):(\d{1,9})$/;

/** @throws {PolicyError} POLICY_QUESTION, with the nearest names where one is misspelt */
export function readQuestion(text: string): Question {
  const asked = text.trim();
  if (asked.startsWith('/')) return { kind: 'path', path: readPath(asked) };
  const port = PORT.exec(asked);
  if (port !== null) return readPort(port[1] ?? '', Number(port[2]));
  const call = CALL.exec(asked);
  if (call === null)
    throw refusal(
      asked,
      'is no call, no absolute path and no HOST:PORT',
      'such as socket(AF_INET), /etc/passwd or db:5432',
    );
  return readCall(call[1] ?? '', call[2] ?? '', call[3]);
}

function refusal(asked: string, what: string, hint: string): PolicyError {
  const shown = asked.length <= 80 ? asked : `${asked.slice(0, 80)}…`;
  return new PolicyError('POLICY_QUESTION', `--why: "${shown}" ${what}`, { hint });
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
  return { kind: 'port', host: host.replace(/^\[|\]$/g, ''), port };
}

function readCall(abi: string, name: string, list: string | undefined): Question {
  if (abi === 'i386' || abi === 'x32') {
    if (!/^\d/.test(name) && !isCallOfAnyAbi(name))
      throw refusal(name, 'is no system call', `did you mean "${nearestCall(name) ?? 'socketcall'}"?`);
    const nr = /^\d/.test(name) ? Number(name) : isSyscall(name) ? syscallNumber(name) : 0;
    return abi === 'i386'
      ? { kind: 'call', call: name, nr, arch: AUDIT_ARCH_I386, when: [] }
      : { kind: 'call', call: name, nr: (nr | X32_BIT) >>> 0, arch: AUDIT_ARCH_X86_64, when: [] };
  }
  const nr = /^\d/.test(name) ? Number(name) : numberOf(name);
  if (nr > 0xffff_ffff) throw refusal(name, 'is no number of a call', 'numbers have 32 bits');
  const call = syscallName(nr);
  return { kind: 'call', call, nr, arch: AUDIT_ARCH_X86_64, when: readArguments(call ?? '', list) };
}

function numberOf(name: string): number {
  const asked = isSyscall(name) ? name : name.toLowerCase().replace(/^(sys|__nr|scmp_sys)_/, '');
  if (isSyscall(asked)) return syscallNumber(asked);
  const near = nearestName(
    asked,
    allSyscalls.map((one) => one.name),
  );
  throw refusal(
    name,
    'is no system call of x86-64',
    near === undefined ? 'syscalls(2) lists the names' : `did you mean "${near}"?`,
  );
}

/** `AF_INET, *, protocol=6`: one equality an argument, `*` for any value. */
function readArguments(call: string, list: string | undefined): Conjunction {
  if (list === undefined || list.trim() === '') return [];
  const known = Object.entries(ARGUMENTS[call] ?? {});
  const tests = list.split(',').flatMap((part, position): Test[] => {
    const [, named, text = ''] = /^\s*(?:([A-Za-z]+)\s*=)?\s*(.*?)\s*$/s.exec(part) ?? [];
    if (position > 5) throw refusal(part, 'is a seventh argument', 'calls have six');
    if (text === '*' || text === '_') return [];
    const found = known.find(([name, { index }]) => (named === undefined ? index === position : name === named));
    if (named !== undefined && found === undefined)
      throw refusal(
        named,
        `is no argument of ${call} that a rule can look at`,
        meantOr(
          named,
          known.map(([name]) => name),
        ),
      );
    const argument: Argument = found?.[1] ?? { index: position as Argument['index'], width: 64, values: {} };
    return [bits(argument.index, allBits(argument.width), readValue(text, argument))];
  });
  if (new Set(tests.map(({ arg }) => arg)).size !== tests.length)
    throw refusal(list, 'names one argument twice', 'name each argument once');
  return tests.sort((a, b) => a.arg - b.arg);
}

function readValue(text: string, { width, values }: Argument): bigint {
  if (/^-?(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.test(text)) {
    const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
    return BigInt.asUintN(width, value);
  }
  return text.split('|').reduce((all, part) => {
    const name = part.trim();
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined)
      throw refusal(name, 'is no value that is known at this place', meantOr(name, Object.keys(values)));
    return all | value;
  }, 0n);
}
