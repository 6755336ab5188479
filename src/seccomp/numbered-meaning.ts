/** What a numbered filter says, without any compiler: the definition that its programs are held against. */
import { NATIVE } from './abis.js';
import { AUDIT_ARCH_X86_64, encodeAction, WORD_ARCH, WORD_NR, X32_BIT } from './bpf.js';
import { holds } from './conditions.js';
import { type Meaning, openComparisons } from './meaning.js';
import type { AbiRules, NumberedFilter, NumberedRule } from './numbered.js';

/** What a tracer writes over the number of a call that is not to happen. */
const NO_CALL = 0xffff_ffff;

/** What decides about a call: its rules, the first that matches, else one verdict. */
export type CallMeaning = { readonly rules: readonly NumberedRule[]; readonly otherwise: number };

/** The ABIs of one architecture; `other` is x32 beside x86-64. */
type Architecture = { readonly main: AbiRules; readonly other: AbiRules | undefined };

const architectureOf = (filter: NumberedFilter, arch: number): Architecture | undefined => {
  const main = filter.abis.find(({ abi }) => abi.audit === arch && (abi.audit !== NATIVE.audit || abi === NATIVE));
  return main && { main, other: filter.abis.find((rules) => rules.abi.audit === arch && rules !== main) };
};

/** What decides about call `nr` of the architecture `arch`. */
export function callMeaning(filter: NumberedFilter, arch: number, nr: number): CallMeaning {
  const answer = (action: NumberedFilter['defaultAction']): CallMeaning => ({
    rules: [],
    otherwise: encodeAction(action),
  });
  const here = architectureOf(filter, arch);
  if (here === undefined) return answer(filter.foreignAction);
  if (isNewer(here, nr)) return answer(filter.newerAction);
  const rules = rulesFor(here, nr);
  if (rules === undefined) return answer(filter.foreignAction);
  return { rules: rules.calls.get(nr) ?? [], otherwise: encodeAction(filter.defaultAction) };
}

/** The ABI that has call `nr`: the two of x86-64 have their own numbers. */
function rulesFor({ main, other }: Architecture, nr: number): AbiRules | undefined {
  if (main.abi.audit !== AUDIT_ARCH_X86_64 || nr < X32_BIT) return main;
  return other ?? (nr === NO_CALL ? main : undefined);
}

/** What comes before all rules; here bit 30 alone tells x32. @see generateEnosysStub() of runc */
function isNewer({ main, other }: Architecture, nr: number): boolean {
  const isX32 = main.abi.audit === AUDIT_ARCH_X86_64 && (nr & X32_BIT) !== 0;
  const newest = (isX32 ? other : main)?.newest;
  return newest !== undefined && nr > newest;
}

/** `filter` as examineMeaning() asks for it. */
export function meaningOfNumbered(filter: NumberedFilter): Meaning {
  return {
    verdictOn(data) {
      const { rules, otherwise } = callMeaning(filter, data[WORD_ARCH] ?? 0, data[WORD_NR] ?? 0);
      const match = rules.find(({ when }) => when.every((condition) => holds(condition, data)));
      return match === undefined ? otherwise : encodeAction(match.action);
    },
    comparisonsFor: (nr, arch = AUDIT_ARCH_X86_64, known = undefined) =>
      openComparisons(callMeaning(filter, arch, nr).rules, known),
    architectures: [...new Set(filter.abis.map(({ abi }) => abi.audit))],
    numbersOn: (arch) => turningPoints(filter, arch),
  };
}

/** Every number of `arch` at which another rule may begin to decide: between two of them all numbers are alike. */
export function turningPoints(filter: NumberedFilter, arch: number): number[] {
  const here = filter.abis.filter(({ abi }) => abi.audit === arch);
  const named = here.flatMap(({ calls, newest }) => [...calls.keys(), ...(newest === undefined ? [] : [newest])]);
  const edges = [0, X32_BIT, 0x8000_0000, 0x8000_0000 + X32_BIT, NO_CALL];
  const points = [...named.flatMap((nr) => [nr, nr + 1]), ...edges];
  return [...new Set(points)].filter((nr) => nr <= NO_CALL).sort((a, b) => a - b);
}
