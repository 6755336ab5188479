/**
 * A numbered filter as a program, by us: no comparison is merged with another
 * that only resembles it, and the same filter gives the same bytes everywhere.
 *
 * The program is one graph of comparisons, in which what is equal stands once,
 * so that calls and ABIs with the same rules share them. Numbers of calls are
 * found by halving. assemble.ts puts the graph into a line.
 */
import { assembleGraph, Graph, type GraphNode } from './assemble.js';
import { AUDIT_ARCH_X86_64, encodeAction, WORD_ARCH, WORD_NR } from './bpf.js';
import type { WordCondition } from './conditions.js';
import { FilterError } from './errors.js';
import type { BpfProgram } from './filter.js';
import type { NumberedFilter } from './numbered.js';
import { type CallMeaning, callMeaning, turningPoints } from './numbered-meaning.js';

/**
 * The program that `filter` means, unchecked. If it is too long, what an equality has decided is left out behind it,
 * which shortens chains of many values, and may lengthen others.
 *
 * @throws {FilterError} FILTER_TOO_LARGE
 */
export function emitProgram(filter: NumberedFilter): BpfProgram {
  try {
    return emitGraph(filter, new Graph());
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return emitGraph(filter, new Graph({ remembers: true }));
  }
}

/** The same from an empty `graph`, in one attempt. @throws {FilterError} FILTER_TOO_LARGE */
export function emitGraph(filter: NumberedFilter, graph: Graph): BpfProgram {
  const architectures = [...new Set([AUDIT_ARCH_X86_64, ...filter.abis.map(({ abi }) => abi.audit)])];
  let start = graph.verdict(encodeAction(filter.foreignAction));
  for (const arch of architectures.toReversed())
    start = graph.test(
      { word: WORD_ARCH, mask: ALL, compare: 'eq', value: arch },
      emitNumbers(graph, filter, arch),
      start,
    );
  return assembleGraph(start);
}

const ALL = 0xffff_ffff;

/** Numbers from `start` to the next range's are decided alike. */
type Range = { readonly start: number; readonly node: GraphNode };

function emitNumbers(graph: Graph, filter: NumberedFilter, arch: number): GraphNode {
  const ranges: Range[] = [];
  for (const start of turningPoints(filter, arch)) {
    const node = emitCall(graph, callMeaning(filter, arch, start));
    if (ranges.at(-1)?.node !== node) ranges.push({ start, node });
  }
  return emitRanges(graph, ranges);
}

function emitRanges(graph: Graph, ranges: readonly Range[]): GraphNode {
  const [first, second, third] = ranges;
  if (first === undefined) throw new RangeError('no range holds the number 0');
  if (second === undefined) return first.node;
  if (ranges.length === 3 && third?.node === first.node && third.start === second.start + 1)
    return graph.test({ word: WORD_NR, mask: ALL, compare: 'eq', value: second.start }, second.node, first.node);
  const middle = ranges.length >> 1;
  const value = ranges[middle]?.start ?? 0;
  const above = emitRanges(graph, ranges.slice(middle));
  return graph.test(
    { word: WORD_NR, mask: ALL, compare: 'ge', value },
    above,
    emitRanges(graph, ranges.slice(0, middle)),
  );
}

function emitCall(graph: Graph, { rules, otherwise }: CallMeaning): GraphNode {
  return rules.reduceRight<GraphNode>((rest, { action, when }) => {
    const match = graph.verdict(encodeAction(action));
    return when.reduceRight<GraphNode>((then, condition) => emitCondition(graph, condition, then, rest), match);
  }, graph.verdict(otherwise));
}

function emitCondition(graph: Graph, c: WordCondition, holds: GraphNode, fails: GraphNode): GraphNode {
  const low = (compare: 'eq' | 'gt' | 'ge', then: GraphNode, otherwise: GraphNode): GraphNode =>
    graph.test({ word: c.lowWord, mask: c.lowMask, compare, value: c.low }, then, otherwise);
  const high = (compare: 'eq' | 'gt', then: GraphNode, otherwise: GraphNode): GraphNode =>
    graph.test({ word: c.highWord, mask: c.highMask, compare, value: c.high }, then, otherwise);
  const greater = (compare: 'gt' | 'ge', then: GraphNode, otherwise: GraphNode): GraphNode =>
    high('gt', then, high('eq', low(compare, then, otherwise), otherwise));
  switch (c.compare) {
    case 'eq':
    case 'masked':
      return high('eq', low('eq', graph.after(c, holds), graph.after({ ...c, lowMask: 0 }, fails)), fails);
    case 'ne':
      return high('eq', low('eq', fails, holds), holds);
    case 'gt':
      return greater('gt', holds, fails);
    case 'ge':
      return greater('ge', holds, fails);
    case 'le':
      return greater('gt', fails, holds);
    case 'lt':
      return greater('ge', fails, holds);
  }
}
