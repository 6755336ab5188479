/**
 * Where the filter that an engine gets from libseccomp answers something else
 * than ours, on every call there can be: each disagreement with a call that
 * shows it, and why.
 */
import { type Abi, numbersOf } from './abis.js';
import { argumentIn } from './agree.js';
import { AUDIT_ARCH_X86_64, decodeProgram, describeVerdict, encodeAction, WORD_ARCH, WORD_NR, X32_BIT } from './bpf.js';
import { holds } from './conditions.js';
import { type Decision, DecisionSpace } from './decision.js';
import { decisionOfProgram } from './decision-program.js';
import { bitsOfWord, exceeds, wordEquals } from './decision-words.js';
import { type Difference, findDifferences, type NumberRange } from './differences.js';
import { FilterError } from './errors.js';
import type { NumberedFilter } from './numbered.js';
import { turningPoints } from './numbered-meaning.js';
import type { CompiledOciSeccomp, OciSeccomp } from './oci.js';
import { compileByLibseccomp, type LibseccompFilter } from './oci-libseccomp.js';
import { isPermissive, type Runtime, rulesByNumber } from './oci-rules.js';
import type { PlacedRule } from './precedence.js';

export type OciDisagreement = {
  readonly architecture: string;
  /** By name; those without one by number, such as 470 or 471 to 1073741823. */
  readonly calls: readonly string[];
  /** How many numbers these are. */
  readonly count: number;
  /** One such call. */
  readonly witness: string;
  readonly ours: string;
  readonly theirs: string;
  /** Where the rules stand that the calls meet. */
  readonly rules: readonly string[];
  readonly reason: string;
};

export type OciComparison =
  | { readonly kind: 'compared'; readonly compiler: string; readonly disagreements: readonly OciDisagreement[] }
  | { readonly kind: 'not-compared'; readonly reason: string };

/** Holds `compiled` against the program that this machine's libseccomp makes of `block`. */
export function compareWithLibseccomp(
  block: OciSeccomp,
  compiled: CompiledOciSeccomp,
  runtime: Runtime,
  options: { readonly timeLimitMs?: number } = {},
): OciComparison {
  try {
    const theirs = compileByLibseccomp(block, options);
    return {
      kind: 'compared',
      compiler: theirs.compiler,
      disagreements: disagreements(block, compiled, theirs, runtime),
    };
  } catch (error) {
    if (error instanceof FilterError) return { kind: 'not-compared', reason: error.message };
    throw error;
  }
}

function disagreements(
  block: OciSeccomp,
  { program, filter }: CompiledOciSeccomp,
  theirs: LibseccompFilter,
  runtime: Runtime,
): OciDisagreement[] {
  const space = new DecisionSpace();
  const newest = runtime === 'runc' && !isPermissive(filter.defaultAction) ? theirs.newest : {};
  const before = decisionOfProgram(space, decodeProgram(program));
  const after = withNewest(space, filter, newest, decisionOfProgram(space, decodeProgram(theirs.program)));
  const listed = new Listing(block, filter, { ...theirs, newest });
  for (const difference of findDifferences(space, before, after)) listed.add(difference);
  return listed.disagreements;
}

/** runc's answer to calls above the last one that the block names, before what `decision` says. */
function withNewest(
  space: DecisionSpace,
  { abis, newerAction }: NumberedFilter,
  newest: LibseccompFilter['newest'],
  decision: Decision,
): Decision {
  const number = bitsOfWord(space, WORD_NR);
  return abis.reduce((otherwise, { abi }) => {
    const last = newest[abi.name];
    if (last === undefined) return otherwise;
    const isOfAbi = abi.audit === AUDIT_ARCH_X86_64 ? wordEquals(space, WORD_NR, abi.base, X32_BIT) : space.yes;
    const isNewer = space.choose(isOfAbi, exceeds(space, number, last, false), space.no);
    const isHere = space.choose(wordEquals(space, WORD_ARCH, abi.audit), isNewer, space.no);
    return space.choose(isHere, space.leaf(encodeAction(newerAction)), otherwise);
  }, decision);
}

type Found = OciDisagreement & { readonly calls: string[]; readonly rules: string[]; count: number };

class Listing {
  readonly #found = new Map<string, Found>();
  readonly #filter: NumberedFilter;
  readonly #theirs: LibseccompFilter;
  readonly #rules: ReadonlyMap<Abi, ReadonlyMap<number, readonly PlacedRule[]>>;

  constructor({ rules, defaultAction }: OciSeccomp, filter: NumberedFilter, theirs: LibseccompFilter) {
    this.#filter = filter;
    this.#theirs = theirs;
    const applied = rules.filter(({ action }) => encodeAction(action) !== encodeAction(defaultAction));
    this.#rules = new Map(filter.abis.map(({ abi }) => [abi, rulesByNumber(abi, applied)]));
  }

  get disagreements(): OciDisagreement[] {
    return [...this.#found.values()];
  }

  add({ architectures, numbers, before, after, witness }: Difference): void {
    const data = witness.slice();
    for (const { first: arch } of architectures)
      for (const range of numbers)
        for (const alike of this.#partsOf(arch, range)) {
          data[WORD_ARCH] = arch;
          data[WORD_NR] = alike.first;
          this.#addCalls(data, alike, before, after);
        }
  }

  /** Each call with a name by itself, and the numbers between them, for which there is one reason. */
  #partsOf(arch: number, { first, last }: NumberRange): NumberRange[] {
    const { abis: ofFilter } = this.#filter;
    const ends = ofFilter
      .filter(({ abi }) => abi.audit === arch)
      .flatMap(({ abi }) => [...namesOf(abi).keys(), this.#theirs.newest[abi.name] ?? 0]);
    const starts = [...turningPoints(this.#filter, arch), ...ends.flatMap((nr) => [nr, nr + 1])];
    const within = [...new Set([first, ...starts.filter((nr) => nr > first && nr <= last)])].sort((a, b) => a - b);
    return within.map((start, index) => ({ first: start, last: (within[index + 1] ?? last + 1) - 1 }));
  }

  #addCalls(data: Uint32Array, { first: nr, last }: NumberRange, before: number, after: number): void {
    const abi = this.#abiOf(data[WORD_ARCH] ?? 0, nr);
    const ofCall = (abi && this.#rules.get(abi)?.get(nr)) ?? [];
    const met = ofCall.filter(({ when }) => when.every((condition) => holds(condition, data)));
    const reason = this.#reasonOf(abi, nr, ofCall, met, after);
    const architecture = abi?.name ?? 'another architecture';
    const key = `${architecture} ${before} ${after} ${reason}`;
    const call = nameOf(abi, nr);
    const calls = last === nr ? call : `${nr} to ${last}`;
    const found = this.#found.get(key) ?? {
      architecture,
      calls: [],
      count: 0,
      witness: `${call}(${[0, 1, 2, 3, 4, 5].map((index) => `0x${argumentIn(data, index).toString(16)}`).join(', ')})`,
      ours: describeVerdict(before),
      theirs: describeVerdict(after),
      rules: [],
      reason,
    };
    if (!found.calls.includes(calls)) {
      found.calls.push(calls);
      found.count += last - nr + 1;
    }
    for (const { origin } of met) if (!found.rules.includes(origin)) found.rules.push(origin);
    this.#found.set(key, found);
  }

  #abiOf(arch: number, nr: number): Abi | undefined {
    const base = arch === AUDIT_ARCH_X86_64 && (nr & X32_BIT) !== 0 && nr !== 0xffff_ffff ? X32_BIT : undefined;
    return this.#filter.abis
      .map(({ abi }) => abi)
      .find((abi) => abi.audit === arch && (abi.base === X32_BIT) === (base !== undefined));
  }

  #reasonOf(
    abi: Abi | undefined,
    nr: number,
    ofCall: readonly PlacedRule[],
    met: readonly PlacedRule[],
    theirs: number,
  ): string {
    const { compiler, unknown, newest } = this.#theirs;
    const name = ofCall.find((rule) => unknown.includes(rule.name))?.name;
    if (name !== undefined) return `${compiler} does not know all calls that the block names`;
    const last = this.#filter.abis.find((rules) => rules.abi === abi)?.newest;
    const theirLast = abi && newest[abi.name];
    if (last !== theirLast && nr > (last ?? nr) !== nr > (theirLast ?? nr))
      return `the last call that the block names is another one for ${compiler}`;
    if (met.length === 0) return `the calls meet no rule, and the program of ${compiler} does as if they did`;
    if (met.some(({ action }) => encodeAction(action) === theirs))
      return `the calls meet several rules, and ${compiler} lets another of them decide`;
    return `the calls meet a rule, and the program of ${compiler} loses it`;
  }
}

const named = new Map<Abi, ReadonlyMap<number, string>>();

/** The calls of `abi`, by number. */
function namesOf(abi: Abi): ReadonlyMap<number, string> {
  const before = named.get(abi);
  if (before !== undefined) return before;
  const names = new Map([...numbersOf(abi.table)].map(([name, number]) => [number + abi.base, name]));
  named.set(abi, names);
  return names;
}

const nameOf = (abi: Abi | undefined, nr: number): string => (abi && namesOf(abi).get(nr)) ?? String(nr);
