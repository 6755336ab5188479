/** A policy in sentences: every rule that holds, with why and where it stands. */
import { describeAlternatives } from './describe.js';
import { editionOf } from './editions.js';
import { permittedCalls, permittedNames } from './effective.js';
import type { CallRule, Calls, Origin, Policy } from './policy.js';
import { secondsText, sizeText } from './quantities.js';

export type Sentence = {
  readonly text: string;
  readonly why?: string | undefined;
  /** File and JSON pointer. */
  readonly rule?: string | undefined;
  readonly expires?: string | undefined;
};
export type Explanation = {
  readonly name: string;
  readonly version: string;
  readonly title: string;
  readonly digest: string;
  readonly extends: readonly string[];
  /** Of the calls that the edition knows: let through with some arguments, of these only with some, forbidden. */
  readonly calls: {
    readonly known: number;
    readonly permitted: number;
    readonly conditional: number;
    readonly forbidden: number;
  };
  readonly sections: readonly { readonly title: string; readonly sentences: readonly Sentence[] }[];
  /** What no mechanism enforces of the rules on files. */
  readonly gaps: readonly string[];
};

/** Every effective rule of `policy`. */
export function explainPolicy(policy: Policy, gaps: readonly string[]): Explanation {
  return {
    name: policy.name,
    version: policy.version,
    title: policy.title,
    digest: policy.digest,
    extends: policy.parents.map(({ name, version }) => `${name} ${version}`),
    calls: countCalls(policy),
    sections: [
      { title: 'Image', sentences: imageSentences(policy) },
      { title: 'Process', sentences: processSentences(policy) },
      { title: 'Files', sentences: fileSentences(policy) },
      { title: 'System calls', sentences: callSentences(policy) },
      { title: 'Network', sentences: networkSentences(policy) },
      { title: 'Resources', sentences: resourceSentences(policy) },
      { title: 'Required of the host', sentences: requirementSentences(policy) },
    ],
    gaps,
  };
}

function countCalls({ syscalls }: Policy): Explanation['calls'] {
  const permitted = permittedNames(syscalls);
  const always = permitted.filter((call) => permittedCalls(syscalls, call).some((when) => when.length === 0));
  const forbidden = syscalls.forbid.flatMap(({ calls }) =>
    Object.entries(calls).flatMap(([call, alternatives]) => (alternatives.some((w) => w.length === 0) ? [call] : [])),
  );
  return {
    known: editionOf(syscalls.edition)?.known.size ?? 0,
    permitted: permitted.length,
    conditional: permitted.length - always.length,
    forbidden: new Set(forbidden).size,
  };
}

const because = (text: string, { why, rule, expires }: Origin): Sentence => ({ text, why, rule, expires });

function imageSentences({ image }: Policy): Sentence[] {
  return [
    { text: image.signature === 'required' ? 'Its image must be signed.' : 'Its image need not be signed.' },
    ...(image.pinDigest ? [{ text: 'Its image must be named by digest.' }] : []),
  ];
}

function processSentences({ process }: Policy): Sentence[] {
  const { user, capabilities, rlimits, pass, set } = process;
  const otherwise = `${user.otherwise.uid}:${user.otherwise.gid}`;
  return [
    {
      text:
        user.uid === 'any'
          ? 'It may run as root of its own user namespace.'
          : `It never runs as user 0; where the image says root or nothing, it runs as ${otherwise}.`,
    },
    ...(capabilities.length === 0 ? [{ text: 'It has no capability.' }] : []),
    ...capabilities.map((grant) => because(`It has ${grant.cap}.`, grant)),
    ...pass.map((grant) => because(`It gets the caller's ${grant.names.join(', ')}.`, grant)),
    ...Object.entries(set).map(([name, value]) => ({ text: `It gets ${name}=${value}.` })),
    {
      text: `Limits: ${Object.entries(rlimits)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ')}.`,
    },
  ];
}

function fileSentences({ filesystem }: Policy): Sentence[] {
  const { root, rootSize, proc, dev, scratch, mounts, allow, mask, readOnly } = filesystem;
  const procText = { none: 'There is no /proc.', pids: '/proc shows processes alone.', masked: '/proc is masked.' };
  return [
    {
      text:
        root === 'read-only'
          ? 'Its root is read-only.'
          : `Its root is writable: up to ${sizeText(rootSize)} of memory, gone after the run.`,
    },
    { text: procText[proc] },
    { text: dev === 'none' ? 'There is no /dev.' : '/dev has the harmless devices and terminals alone.' },
    ...scratch.map((one) => because(`${one.path} is empty memory: ${sizeText(one.size)}, ${one.files} files.`, one)),
    ...mounts.map((one) => because(`${one.to} is the host's ${one.from}, ${one.access}.`, one)),
    ...allow.map((one) => because(`It may ${one.access.join(', ')} below ${one.paths.join(', ')}.`, one)),
    ...mask.map((one) => because(`Hidden: ${one.paths.join(', ')}.`, one)),
    ...readOnly.map((one) => because(`Never written: ${one.paths.join(', ')}.`, one)),
  ];
}

function callSentences({ syscalls }: Policy): Sentence[] {
  const { allow, forbid, observe, answers, quiet, onDeny, onUnknown, onForeign } = syscalls;
  return [
    ...allow.map((rule) => because(`Allows ${describeCalls(rule)}.`, rule)),
    ...observe.map((rule) => because(`Records and lets through ${describeCalls(rule)}.`, rule)),
    ...forbid.map((rule) =>
      because(
        rule.action === 'errno'
          ? `Forbids ${describeCalls(rule)}: ${rule.errno}.`
          : `Forbids ${describeCalls(rule)}: the process is killed.`,
        rule,
      ),
    ),
    ...answers.map((rule) => because(`Answers ${rule.errno} to ${describeCalls(rule)}.`, rule)),
    ...quiet.map((rule) => because(`Answers ${rule.errno}, unrecorded, to ${describeCalls(rule)}.`, rule)),
    { text: `Any other call gets ${onDeny.errno}, and is recorded.`, rule: onDeny.rule },
    { text: `Calls newer than edition ${syscalls.edition} get ${onUnknown.errno}.`, rule: onUnknown.rule },
    { text: `Calls of i386 and x32 get ${onForeign.errno}.`, rule: onForeign.rule },
  ];
}

/** The group or the calls, then those with conditions. */
function describeCalls({ group, calls }: CallRule): string {
  const names = Object.keys(calls);
  const head =
    group === undefined ? names.join(', ') : `${group} (${names.length === 1 ? 'one call' : `${names.length} calls`})`;
  const conditions = conditionsOf(calls);
  return conditions.length === 0 ? head : `${head} where ${conditions.join('; ')}`;
}

function conditionsOf(calls: Calls): string[] {
  return Object.entries(calls).flatMap(([call, alternatives]) => {
    const text = describeAlternatives(call, alternatives);
    return text === '' ? [] : [`${call}: ${text}`];
  });
}

function networkSentences({ network }: Policy): Sentence[] {
  if (network.mode === 'none')
    return [{ text: 'It has a network namespace of its own with the loopback interface alone.' }];
  return [
    { text: `It asks for network mode ${network.mode}, which this release does not enforce.` },
    ...network.listen.map((one) => because(`It listens on ${one.port}/${one.protocol}.`, one)),
    ...network.connect.map((one) => because(`It connects to ${one.host}:${one.port}/${one.protocol}.`, one)),
  ];
}

function resourceSentences({ resources, audit }: Policy): Sentence[] {
  const { memory, swap, pids, cpuMillis, wallSeconds } = resources;
  return [
    { text: `Memory: ${sizeText(memory)}; swap: ${sizeText(swap)}.` },
    { text: `Processes and threads: ${pids}.` },
    { text: `Processors: ${cpuMillis === undefined ? 'no bound' : cpuMillis / 1000}.` },
    { text: `Time: ${secondsText(wallSeconds)}.` },
    { text: `The run ends when its trail has ${sizeText(audit.quota)}; durability is ${audit.durability}.` },
  ];
}

function requirementSentences({ requires }: Policy): Sentence[] {
  const at = (level: string): string =>
    Object.entries(requires)
      .filter(([, one]) => one === level)
      .map(([control]) => control)
      .join(', ');
  return [
    { text: `Nothing runs without: ${at('required')}.` },
    { text: `Used where the host has it: ${at('preferred') || 'nothing'}.` },
  ];
}
