/** What differs in the lists of what two policies grant by name: capabilities, variables, ports, hosts; and in their locks. */
import type { Change, Direction, Section } from './change.js';
import type { Origin, PolicyMeaning } from './policy.js';

/** Something granted: what it is called, how far it goes (where that can differ), and the rule. */
type Grant = { readonly name: string; readonly reach: string; readonly origin?: Origin | undefined };

type List = {
  readonly section: Section;
  readonly pointer: string;
  readonly grants: (policy: PolicyMeaning) => readonly Grant[];
  /** For one that is there now, gone, or reaches elsewhere. */
  readonly directions: { readonly more: Direction; readonly less: Direction };
};

const granting = { more: 'widened', less: 'narrowed' } as const;
const neither = { more: 'changed', less: 'changed' } as const;

const LISTS: readonly List[] = [
  {
    section: 'capabilities',
    pointer: '/process/capabilities',
    grants: ({ process }) => process.capabilities.map((origin) => ({ name: origin.cap, reach: 'granted', origin })),
    directions: granting,
  },
  {
    section: 'environment',
    pointer: '/process/env/pass',
    grants: ({ process }) =>
      process.pass.flatMap((origin) => origin.names.map((name) => ({ name, reach: 'passed', origin }))),
    directions: granting,
  },
  {
    section: 'network',
    pointer: '/network/listen',
    grants: ({ network }) =>
      network.listen.map((origin) => ({
        name: `listen ${origin.port}/${origin.protocol}`,
        reach: origin.publish === undefined ? 'allowed' : `published as ${origin.publish}`,
        origin,
      })),
    directions: granting,
  },
  {
    section: 'network',
    pointer: '/network/connect',
    grants: ({ network }) =>
      network.connect.map((origin) => ({
        name: `connect ${origin.host}:${origin.port}/${origin.protocol}`,
        reach: 'allowed',
        origin,
      })),
    directions: granting,
  },
  {
    section: 'locks',
    pointer: '/lock',
    grants: ({ lock }) => lock.map(({ pointer }) => ({ name: pointer, reach: 'locked' })),
    directions: neither,
  },
];

const NOTHING = 'nothing';

/** Every grant that only one of the two has, or that reaches elsewhere. */
export function grantChanges(before: PolicyMeaning, after: PolicyMeaning): Change[] {
  return LISTS.flatMap((list) => {
    const [from, to] = [byName(list.grants(before)), byName(list.grants(after))];
    return [...new Set([...from.keys(), ...to.keys()])].sort().flatMap((name) => {
      const [old, now] = [from.get(name), to.get(name)];
      const [oldReach, nowReach] = [reachOf(old), reachOf(now)];
      if (oldReach === nowReach) return [];
      return [
        {
          section: list.section,
          direction: directionOf(list, oldReach, nowReach),
          pointer: list.pointer,
          subject: name,
          before: oldReach,
          after: nowReach,
          witness: { kind: 'grant', name } as const,
          rules: { before: old?.[0]?.origin, after: now?.[0]?.origin },
        },
      ];
    });
  });
}

function byName(grants: readonly Grant[]): Map<string, Grant[]> {
  const names = new Map<string, Grant[]>();
  for (const grant of grants) names.set(grant.name, [...(names.get(grant.name) ?? []), grant]);
  return names;
}

/** One grant twice reaches no further. */
const reachOf = (grants: readonly Grant[] | undefined): string =>
  [...new Set(grants?.map(({ reach }) => reach))].sort().join(' and ') || NOTHING;

function directionOf({ directions }: List, before: string, after: string): Direction {
  if (before === NOTHING) return directions.more;
  if (after === NOTHING) return directions.less;
  if (before === 'allowed') return directions.more;
  return after === 'allowed' ? directions.less : 'changed';
}
