/** What differs in the lists of what two policies grant by name: capabilities, variables, ports, hosts; and in their locks. */
import { isIPv6 } from 'node:net';
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
    // What the policy sets is never taken from the caller.
    grants: ({ process }) =>
      process.pass.flatMap((origin) =>
        origin.names
          .filter((name) => !Object.hasOwn(process.set, name))
          .map((name) => ({ name, reach: 'passed', origin })),
      ),
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
        name: `connect ${hostText(origin.host)}:${origin.port}/${origin.protocol}`,
        reach: 'allowed',
        origin,
      })),
    directions: granting,
  },
  {
    section: 'locks',
    pointer: '/lock',
    // What stands below a locked place is locked with it.
    grants: ({ lock }) =>
      lock
        .filter(({ pointer }) => !lock.some((other) => pointer.startsWith(`${other.pointer}/`)))
        .map(({ pointer }) => ({ name: pointer, reach: 'locked' })),
    directions: neither,
  },
];

/** Names of hosts are the same in small and capital letters, and addresses however many of their zeros are written. */
const hostText = (host: string): string => (isIPv6(host) ? new URL(`tcp://[${host}]`).hostname : host.toLowerCase());

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
          direction: directionOf(list, old ?? [], now ?? []),
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

/** One grant twice reaches no further, and what is published is allowed anyway. */
function reachOf(grants: readonly Grant[] | undefined): string {
  const reaches = [...new Set(grants?.map(({ reach }) => reach))].sort();
  const further = reaches.filter((reach) => reach !== 'allowed');
  return (further.length > 0 ? further : reaches).join(' and ') || NOTHING;
}

/** Whatever is published is allowed too; another address is one more, whatever was there before. */
function directionOf({ directions }: List, old: readonly Grant[], now: readonly Grant[]): Direction {
  if (old.length === 0) return directions.more;
  const known = new Set(['allowed', ...old.map(({ reach }) => reach)]);
  return now.some(({ reach }) => !known.has(reach)) ? directions.more : directions.less;
}
