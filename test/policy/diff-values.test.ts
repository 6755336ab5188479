/** What `policy diff` says of everything but calls, of policies as they are written. */
import * as assert from 'uvu/assert';
import { chainOf } from '../../src/policy/chain.js';
import { findChanges } from '../../src/policy/diff.js';
import type { Policy } from '../../src/policy/policy.js';
import { parsePolicyText } from '../../src/policy/read.js';
import { resolvePolicy } from '../../src/policy/resolve.js';
import { suite } from '../support/suite.js';

const test = suite('differences of values');

const why = 'to see it compared';

function policyOf(more: object): Policy {
  const file = { apiVersion: 1, name: 'own', version: '1.0.0', extends: { policy: 'strict' }, ...more };
  return resolvePolicy(chainOf(parsePolicyText(JSON.stringify(file), '/policies/own.json', 'own.json')), new Date(0));
}

const connect = (...hosts: readonly string[]): object => ({
  network: { mode: 'private', connect: hosts.map((host) => ({ host, port: 443, protocol: 'tcp', why })) },
});
const listen = (...publish: readonly (string | undefined)[]): object => ({
  network: { mode: 'private', listen: publish.map((one) => ({ port: 80, protocol: 'tcp', publish: one, why })) },
});
const environment = (set: object, ...pass: readonly string[]): object => ({
  process: { env: { set, ...(pass.length === 0 ? {} : { pass: [{ names: pass, why }] }) } },
});
const user = (uid: number, gid: number): object => ({ process: { user: { uid: 'any', otherwise: { uid, gid } } } });

const frozen = (more: object, path = '/dev/any'): object => ({
  filesystem: { ...more, readOnly: [{ paths: [path], why }] },
});

const CASES: readonly (readonly [string, before: object, after: object, told: readonly string[]])[] = [
  ['a variable that is set is never passed', environment({ X: '1' }), environment({ X: '1' }, 'X'), []],
  [
    'a variable that is set no more may be passed instead',
    environment({ X: '1' }, 'X'),
    environment({}, 'X'),
    ['widened X', 'changed variable X for example X=1'],
  ],
  ['names of hosts have no case', connect('Example.com'), connect('example.COM', 'EXAMPLE.com'), []],
  ['addresses have one meaning', connect('::1', '2001:DB8::'), connect('2001:db8:0::0', '0:0:0:0:0:0:0:01'), []],
  ['another address is another host', connect('::1'), connect('::1', '::'), ['widened connect [::]:443/tcp']],
  ['another host is one more', connect('a.example'), connect('a.example', 'b.example'), ['widened connect b.example:443/tcp']],
  ['publishing permits more', listen(undefined), listen('127.0.0.1:80'), ['widened listen 80/tcp']],
  ['what is published is allowed', listen('127.0.0.1:80', undefined), listen('127.0.0.1:80'), []],
  ['publishing elsewhere permits something else', listen('127.0.0.1:80'), listen('0.0.0.0:80'), ['widened listen 80/tcp']],
  ['publishing no more permits less', listen('127.0.0.1:80'), listen(undefined), ['narrowed listen 80/tcp']],
  ['what is below a locked place is locked', { lock: ['/resources'] }, { lock: ['/resources/memory', '/resources'] }, []],
  ['a lock on a part is another', { lock: ['/resources'] }, { lock: ['/resources/memory'] }, ['changed /resources', 'changed /resources/memory']],
  ['root instead of nobody', user(65534, 65534), user(0, 65534), ['widened process user otherwise']],
  ['a group of root instead of nobody', user(65534, 65534), user(65534, 0), ['widened process user otherwise']],
  ['nobody instead of root', user(0, 0), user(1000, 1000), ['narrowed process user otherwise']],
  ['another user', user(1000, 1000), user(1001, 1000), ['changed process user otherwise']],
  ['a /dev that is mounted can be frozen', {}, frozen({}), ['narrowed /dev/any']],
  ['a /dev of the image is frozen with its root', { filesystem: { dev: 'none' } }, frozen({ dev: 'none' }), []],
  ['a /proc of the image is frozen with its root', { filesystem: { proc: 'none' } }, frozen({ proc: 'none' }, '/proc'), []],
  ['the same processors in other words', { resources: { cpu: '2' } }, { resources: { cpu: '2000m' } }, []],
  ['the same time in other words', { resources: { time: '1h' } }, { resources: { time: '3600s' } }, []],
]; // biome-ignore format: a table

for (const [what, before, after, told] of CASES)
  test(what, () => {
    const changes = findChanges(policyOf(before), policyOf(after)).map(({ direction, subject, section, witness }) =>
      section === 'environment' && witness.kind === 'value'
        ? `${direction} ${subject} for example ${witness.value}`
        : `${direction} ${subject}`,
    );
    assert.equal(changes, told);
  });

test.run();
