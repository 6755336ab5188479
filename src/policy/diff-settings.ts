/** What differs in the settings of two policies that have one value each: those with an order, amounts, and others. */
import type { Change, Direction, Section } from './change.js';
import type { PolicyMeaning, RlimitName } from './policy.js';
import { secondsText, sizeText } from './quantities.js';

type Pair = { readonly before: PolicyMeaning; readonly after: PolicyMeaning };

/** Every setting that has another value. */
export function settingChanges(before: PolicyMeaning, after: PolicyMeaning): Change[] {
  const pair = { before, after };
  return [...orderedChanges(pair), ...amountChanges(pair), ...identityChanges(pair), ...variableChanges(pair)];
}

function changeOf(section: Section, pointer: string, direction: Direction, before: string, after: string): Change {
  const subject = pointer.slice(1).replaceAll('/', ' ');
  const looser = direction === 'narrowed' ? before : after;
  return { section, direction, pointer, subject, before, after, witness: { kind: 'value', value: looser }, rules: {} };
}

/** Settings with an order, the tighter value first. */
function orderedChanges({ before, after }: Pair): Change[] {
  const found: Change[] = [];
  const check = (section: Section, pointer: string, order: readonly string[], from: string, to: string): void => {
    if (from === to) return;
    const direction = order.indexOf(to) > order.indexOf(from) ? 'widened' : 'narrowed';
    found.push(changeOf(section, pointer, direction, from, to));
  };
  for (const [control, level] of Object.entries(after.requires))
    check('requirements', `/requires/${control}`, ['required', 'preferred'], requirement(before, control), level);
  const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
  check('image', '/image/signature', ['required', 'optional'], before.image.signature, after.image.signature);
  check('image', '/image/pinDigest', ['yes', 'no'], yesNo(before.image.pinDigest), yesNo(after.image.pinDigest));
  check('user', '/process/user/uid', ['nonzero', 'any'], before.process.user.uid, after.process.user.uid);
  const [from, to] = [before.filesystem, after.filesystem];
  check('files', '/filesystem/root', ['read-only', 'writable'], from.root, to.root);
  check('files', '/filesystem/proc', ['none', 'pids', 'masked'], from.proc, to.proc);
  check('files', '/filesystem/dev', ['none', 'minimal'], from.dev, to.dev);
  check('network', '/network/mode', ['none', 'private', 'host'], before.network.mode, after.network.mode);
  check('audit', '/audit/durability', ['sync', 'batch'], before.audit.durability, after.audit.durability);
  return found;
}

const requirement = (policy: PolicyMeaning, control: string): string =>
  new Map<string, string>(Object.entries(policy.requires)).get(control) ?? 'required';

type Amount = bigint | number | undefined;

/** Settings that bound an amount; undefined is no bound. */
function amountChanges({ before, after }: Pair): Change[] {
  const found: Change[] = [];
  const check = (
    section: Section,
    pointer: string,
    from: Amount,
    to: Amount,
    text: (amount: Amount) => string,
  ): void => {
    if (from === to) return;
    const isMore = to === undefined || (from !== undefined && to > from);
    found.push(changeOf(section, pointer, isMore ? 'widened' : 'narrowed', text(from), text(to)));
  };
  const plain = (amount: Amount): string => (amount === undefined ? 'no bound' : `${amount}`);
  const size = (amount: Amount): string => sizeText(amount === undefined ? undefined : BigInt(amount));
  const seconds = (amount: Amount): string => secondsText(amount === undefined ? undefined : Number(amount));
  const processors = (amount: Amount): string => (amount === undefined ? 'no bound' : `${Number(amount) / 1000}`);
  const [from, to] = [before.resources, after.resources];
  check('limits', '/resources/memory', from.memory, to.memory, size);
  check('limits', '/resources/swap', from.swap, to.swap, size);
  check('limits', '/resources/pids', from.pids, to.pids, plain);
  check('limits', '/resources/cpu', from.cpuMillis, to.cpuMillis, processors);
  check('limits', '/resources/time', from.wallSeconds, to.wallSeconds, seconds);
  check('files', '/filesystem/rootSize', rootSize(before), rootSize(after), size);
  check('files', '/filesystem/shmSize', shmSize(before), shmSize(after), size);
  check('audit', '/audit/quota', before.audit.quota, after.audit.quota, size);
  const [limits, others] = [before.process.rlimits, after.process.rlimits];
  for (const name of new Set([...Object.keys(limits), ...Object.keys(others)] as RlimitName[]))
    check('limits', `/process/rlimits/${name}`, limits[name], others[name], plain);
  return found;
}

/** A size that nothing has is none. */
const rootSize = ({ filesystem }: PolicyMeaning): bigint => (filesystem.root === 'writable' ? filesystem.rootSize : 0n);
const shmSize = ({ filesystem }: PolicyMeaning): bigint => (filesystem.dev === 'none' ? 0n : filesystem.shmSize);

/** Root and its group may more than others; of two others neither does. */
function identityChanges({ before, after }: Pair): Change[] {
  const [from, to] = [before.process.user.otherwise, after.process.user.otherwise];
  if (from.uid === to.uid && from.gid === to.gid) return [];
  const gains = (from.uid !== 0 && to.uid === 0) || (from.gid !== 0 && to.gid === 0);
  const loses = (from.uid === 0 && to.uid !== 0) || (from.gid === 0 && to.gid !== 0);
  const direction = gains ? 'widened' : loses ? 'narrowed' : 'changed';
  const text = ({ uid, gid }: typeof from): string => `${uid}:${gid}`;
  return [changeOf('user', '/process/user/otherwise', direction, text(from), text(to))];
}

/** Variables of which neither value permits more. */
function variableChanges({ before, after }: Pair): Change[] {
  const found: Change[] = [];
  const [from, to] = [new Map(Object.entries(before.process.set)), new Map(Object.entries(after.process.set))];
  for (const name of new Set([...from.keys(), ...to.keys()])) {
    const [old, now] = [from.get(name), to.get(name)];
    if (old === now) continue;
    const text = (value: string | undefined): string => (value === undefined ? 'not set' : JSON.stringify(value));
    const change = changeOf('environment', '/process/env/set', 'changed', text(old), text(now));
    found.push({ ...change, subject: `variable ${name}`, witness: { kind: 'value', value: `${name}=${now ?? old}` } });
  }
  return found;
}
