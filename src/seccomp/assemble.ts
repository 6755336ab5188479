/**
 * A graph of comparisons, and how it becomes instructions.
 *
 * Every node stands before those it leads to, since programs only jump
 * forwards. A comparison reaches 255 instructions far: what is further away it
 * reaches over an unconditional jump, or, where it is a verdict, by a copy.
 */
import {
  AND,
  INSTRUCTION_BYTES,
  JUMP,
  JUMP_EQUAL,
  JUMP_GREATER,
  JUMP_GREATER_EQUAL,
  LOAD_WORD,
  MAX_INSTRUCTIONS,
  RETURN,
} from './bpf.js';
import { FilterError } from './errors.js';
import type { BpfProgram } from './filter.js';

/** `data[word] & mask`, compared. */
export type GraphTest = {
  readonly word: number;
  readonly mask: number;
  readonly compare: 'eq' | 'gt' | 'ge';
  readonly value: number;
};
type Verdict = { readonly id: number; readonly kind: 'verdict'; readonly verdict: number };
type Test = GraphTest & {
  readonly id: number;
  readonly kind: 'test';
  readonly then: GraphNode;
  readonly otherwise: GraphNode;
};
export type GraphNode = Verdict | Test;

const ALL = 0xffff_ffff;
/** A block whose graph is larger than this has no program that a kernel takes. */
const MOST_NODES = 200_000;

/** The words of an argument that is known to be equal to a value, where their masks are all ones. */
type Equality = {
  readonly lowWord: number;
  readonly highWord: number;
  readonly low: number;
  readonly high: number;
  readonly lowMask: number;
  readonly highMask: number;
};

/** How far after() looks past what an equality does not decide, and at how many tests in all: no block takes forever. */
const MOST_UNDECIDED = 24;
const MOST_STEPS = 3_000_000;

/** Makes nodes; asked twice for the same, it gives the same. */
export class Graph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #remembers: boolean;
  #steps = 0;

  constructor({ remembers = false } = {}) {
    this.#remembers = remembers;
  }

  /** `node` where the argument has that value, without the tests that this decides: the same for every such call. */
  after(equality: Equality, node: GraphNode): GraphNode {
    if (!this.#remembers) return node;
    const known = new Map<number, number>();
    if (equality.lowMask === ALL) known.set(equality.lowWord, equality.low);
    if (equality.highMask === ALL) known.set(equality.highWord, equality.high);
    return this.#given(known, node, new Map(), 0);
  }

  #given(
    known: ReadonlyMap<number, number>,
    from: GraphNode,
    done: Map<GraphNode, GraphNode>,
    depth: number,
  ): GraphNode {
    let node = from;
    for (;;) {
      const value = node.kind === 'test' ? known.get(node.word) : undefined;
      if (node.kind === 'verdict' || value === undefined || ++this.#steps > MOST_STEPS) break;
      node = isMet(node, value) ? node.then : node.otherwise;
    }
    if (node.kind === 'verdict' || depth >= MOST_UNDECIDED || this.#steps > MOST_STEPS) return node;
    const before = done.get(node);
    if (before !== undefined) return before;
    const then = this.#given(known, node.then, done, depth + 1);
    const given = this.test(node, then, this.#given(known, node.otherwise, done, depth + 1));
    done.set(node, given);
    return given;
  }

  verdict(verdict: number): GraphNode {
    return this.#once(`${verdict}`, (id) => ({ id, kind: 'verdict', verdict }));
  }

  /** A test that has just been made is not made again. */
  test(test: GraphTest, met: GraphNode, unmet: GraphNode): GraphNode {
    const then = isSame(test, met) ? met.then : met;
    const otherwise = isSame(test, unmet) ? unmet.otherwise : unmet;
    const known = outcomeOf(test);
    if (then === otherwise || known === true) return then;
    if (known === false) return otherwise;
    const { word, mask, compare, value } = test;
    const key = `${word} ${mask} ${compare} ${value} ${then.id} ${otherwise.id}`;
    return this.#once(key, (id) => ({ ...test, id, kind: 'test', then, otherwise }));
  }

  #once(key: string, make: (id: number) => GraphNode): GraphNode {
    const before = this.#nodes.get(key);
    if (before !== undefined) return before;
    if (this.#nodes.size >= MOST_NODES) throw tooLarge(`more than ${MOST_NODES}`);
    const node = make(this.#nodes.size);
    this.#nodes.set(key, node);
    return node;
  }
}

const isSame = (a: GraphTest, b: GraphNode): b is Test =>
  b.kind === 'test' && a.word === b.word && a.mask === b.mask && a.compare === b.compare && a.value === b.value;

function isMet({ mask, compare, value }: GraphTest, actual: number): boolean {
  const masked = (actual & mask) >>> 0;
  switch (compare) {
    case 'eq':
      return masked === value;
    case 'gt':
      return masked > value;
    case 'ge':
      return masked >= value;
  }
}

/** What the test says of every value, where it does. */
function outcomeOf({ mask, compare, value }: GraphTest): boolean | undefined {
  switch (compare) {
    case 'eq':
      return (value & ~mask) !== 0 ? false : mask === 0 ? true : undefined;
    case 'gt':
      return value >= mask ? false : undefined;
    case 'ge':
      return value === 0 ? true : value > mask ? false : undefined;
  }
}

/** The program that begins at `start`. @throws {FilterError} FILTER_TOO_LARGE */
export function assembleGraph(start: GraphNode): BpfProgram {
  const order = inOrder(start);
  if (order.length > MAX_INSTRUCTIONS) throw tooLarge(`at least ${order.length}`);
  const loads = nodesThatLoad(order);
  const layout = layOut(order, loads);
  if (layout.length > MAX_INSTRUCTIONS) throw tooLarge(`${layout.length}`);
  return write(order, loads, layout);
}

const tooLarge = (count: string): FilterError =>
  new FilterError('FILTER_TOO_LARGE', `the filter needs ${count} instructions`, {
    why: `the kernel takes ${MAX_INSTRUCTIONS}`,
    hint: 'name fewer ABIs, or write masks in place of many single values',
  });

/** Every node once, before those it leads to. Without recursion: a chain of rules is deep. */
function inOrder(start: GraphNode): GraphNode[] {
  const finished: GraphNode[] = [];
  const seen = new Set<GraphNode>([start]);
  const stack: { readonly node: GraphNode; readonly open: GraphNode[] }[] = [{ node: start, open: followers(start) }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.open.pop();
    if (next === undefined) {
      finished.push(top.node);
      stack.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      stack.push({ node: next, open: followers(next) });
    }
  }
  return finished.reverse();
}

/** The one that is visited last stands next. */
const followers = (node: GraphNode): GraphNode[] => (node.kind === 'verdict' ? [] : [node.otherwise, node.then]);

/** The tests at whose start the accumulator may hold something else than their word. */
function nodesThatLoad(order: readonly GraphNode[]): ReadonlySet<GraphNode> {
  const [start] = order;
  const loads = new Set<GraphNode>(start === undefined ? [] : [start]);
  for (const node of order)
    for (const next of followers(node))
      if (node.kind === 'test' && next.kind === 'test' && (node.mask !== ALL || node.word !== next.word))
        loads.add(next);
  return loads;
}

type Layout = {
  readonly starts: ReadonlyMap<GraphNode, number>;
  /** Tests whose branches need an instruction of their own. */
  readonly far: ReadonlySet<string>;
  readonly length: number;
};

const MOST_DISTANCE = 255;

/** Where each node stands: branches become far until none is too far. */
function layOut(order: readonly GraphNode[], loads: ReadonlySet<GraphNode>): Layout {
  const far = new Set<string>();
  for (;;) {
    const starts = new Map<GraphNode, number>();
    let length = 0;
    for (const node of order) {
      starts.set(node, length);
      length += sizeOf(node, loads, far);
    }
    const before = far.size;
    for (const node of order) {
      if (node.kind === 'verdict') continue;
      const after = (starts.get(node) ?? 0) + headOf(node, loads);
      for (const branch of ['then', 'otherwise'] as const)
        if ((starts.get(node[branch]) ?? 0) - after > MOST_DISTANCE) far.add(`${node.id} ${branch}`);
    }
    if (far.size === before) return { starts, far, length };
  }
}

/** Load, mask and comparison. */
const headOf = (node: Test, loads: ReadonlySet<GraphNode>): number =>
  1 + (loads.has(node) ? 1 : 0) + (node.mask === ALL ? 0 : 1);

function sizeOf(node: GraphNode, loads: ReadonlySet<GraphNode>, far: ReadonlySet<string>): number {
  if (node.kind === 'verdict') return 1;
  const detours = ['then', 'otherwise'].filter((branch) => far.has(`${node.id} ${branch}`)).length;
  return headOf(node, loads) + detours;
}

const COMPARISON = { eq: JUMP_EQUAL, gt: JUMP_GREATER, ge: JUMP_GREATER_EQUAL } as const;

function write(order: readonly GraphNode[], loads: ReadonlySet<GraphNode>, layout: Layout): BpfProgram {
  const program = new Uint8Array(layout.length * INSTRUCTION_BYTES);
  const view = new DataView(program.buffer);
  let pc = 0;
  const put = (code: number, k: number, ifTrue = 0, ifFalse = 0): void => {
    const offset = pc * INSTRUCTION_BYTES;
    view.setUint16(offset, code, true);
    view.setUint8(offset + 2, ifTrue);
    view.setUint8(offset + 3, ifFalse);
    view.setUint32(offset + 4, k, true);
    pc++;
  };
  for (const node of order) {
    if (node.kind === 'verdict') {
      put(RETURN, node.verdict);
      continue;
    }
    if (loads.has(node)) put(LOAD_WORD, node.word * 4);
    if (node.mask !== ALL) put(AND, node.mask);
    const after = pc + 1;
    const branches = ['then', 'otherwise'] as const;
    const detours = branches.filter((branch) => layout.far.has(`${node.id} ${branch}`));
    const distance = (branch: 'then' | 'otherwise'): number => {
      const detour = detours.indexOf(branch);
      return detour === -1 ? (layout.starts.get(node[branch]) ?? 0) - after : detour;
    };
    put(COMPARISON[node.compare], node.value, distance('then'), distance('otherwise'));
    for (const branch of detours) {
      const target = node[branch];
      if (target.kind === 'verdict') put(RETURN, target.verdict);
      else put(JUMP, (layout.starts.get(target) ?? 0) - (pc + 1));
    }
  }
  return program as BpfProgram;
}
