/**
 * What each operation on a socket asks of AppArmor and of Landlock, and whether a profile's text or a ruleset grants
 * it: evaluated here, apart from the compilers; test/vm tries the same in a kernel.
 *
 * @see kernel security/apparmor/net.c, security/landlock/net.c
 */
import type { ApparmorRules } from '../../src/apparmor/profile.js';
import { NET, type Right } from '../../src/landlock/rights.js';
import type { LandlockRuleset } from '../../src/landlock/ruleset.js';

export type SocketOperation = {
  readonly name: string;
  /** AppArmor looks at the family and at nothing else. */
  readonly family: ApparmorRules['sockets'][number];
  /** Landlock looks at the port and at nothing else, of TCP. */
  readonly port?: { readonly number: number; readonly right: Right };
};

/** One that the rules of tests name, and one that they do not. */
export const GRANTED_PORT = 8080;
const OTHER_PORT = 9090;
const FAMILIES = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;

/** `name` is what tiny_workload is told to do. */
export const SOCKET_OPERATIONS: readonly SocketOperation[] = [
  ...(Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]).map((family) => ({
    name: `socket ${FAMILIES[family]}`,
    family,
  })),
  ...[GRANTED_PORT, OTHER_PORT].flatMap((number): SocketOperation[] => [
    { name: `bind ${number}`, family: 'inet', port: { number, right: NET.bindTcp } },
    { name: `connect ${number}`, family: 'inet', port: { number, right: NET.connectTcp } },
  ]),
];

export const socketAllowedByProfile = (text: string, { family }: SocketOperation): boolean =>
  text.split('\n').includes(`  network ${family},`);

export function socketAllowedByRuleset({ handledNet, rules }: LandlockRuleset, { port }: SocketOperation): boolean {
  if (port === undefined || (handledNet & port.right.bit) === 0n) return true;
  const { number, right } = port;
  return rules.some((rule) => rule.kind === 'port' && rule.port === number && (rule.access & right.bit) !== 0n);
}
