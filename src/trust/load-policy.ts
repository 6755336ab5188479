/**
 * Reads the trust policy: one file, and the keys and certificates that it names.
 *
 * Files come through a function that the caller hands in. Every fault of the
 * policy is told at once; a policy with a fault is no policy.
 */
import { dirname, resolve } from 'node:path';
import type { FromSchema } from 'json-schema-to-ts';
import type { schema } from '../../generated/trust-policy-schema.js';
import validate from '../../generated/trust-policy-validator.js';
import { canonicalJson } from '../base/canonical-json.js';
import { digestOf } from '../base/digest.js';
import type { Fault } from '../base/errors.js';
import { parseJsonFile, pointerStep } from '../base/json-file.js';
import { type ParsedJsonFile, schemaFaults, type Validator } from '../base/schema-faults.js';
import type { Rule, TrustPolicy } from './policy.js';
import { fingerprintsOf } from './policy-fingerprint.js';
import { type Reporter, readRule } from './read-rule.js';
import { TrustError } from './verdict.js';

export type TrustPolicyFile = FromSchema<typeof schema>;

/** The bytes of a file, undefined where there is none. @throws where it cannot be read */
export type ReadFile = (path: string) => Uint8Array | undefined;

export type PolicyChoice = {
  /** `--trust FILE`, absolute: no other place is looked at. */
  readonly flag: string | undefined;
  /** The user's folder of configuration, `XDG_CONFIG_HOME/sandbox`. */
  readonly configDirectory: string;
};

const SYSTEM_POLICY = '/etc/sandbox/trust.json';

const isPolicyFile: Validator<TrustPolicyFile> = validate as Validator<TrustPolicyFile>;

/**
 * The trust policy in force: of the flag, else of the user, else of the system, else
 * the built-in one, under which nobody is trusted and so no image runs.
 *
 * @throws {TrustError} TRUST_POLICY_INVALID with every fault
 */
export function loadTrustPolicy(choice: PolicyChoice, readFile: ReadFile): TrustPolicy {
  const places =
    choice.flag === undefined ? [resolve(choice.configDirectory, 'trust.json'), SYSTEM_POLICY] : [choice.flag];
  const lookedAt: string[] = [];
  for (const path of places) {
    lookedAt.push(path);
    const bytes = readOrRefuse(path, readFile);
    if (bytes !== undefined) return readTrustPolicy(bytes, path, lookedAt, readFile);
  }
  if (choice.flag !== undefined)
    throw new TrustError('TRUST_POLICY_INVALID', `there is no trust policy ${choice.flag}`, {
      hint: 'check the path after --trust',
    });
  return builtIn(lookedAt);
}

function builtIn(inputs: readonly string[]): TrustPolicy {
  const defaultRule: Rule = { kind: 'signedBy', signers: [], digests: undefined };
  return {
    source: 'built-in',
    digest: digestOf(canonicalJson(fingerprintsOf(defaultRule, []))),
    inputs,
    defaultRule,
    scopes: [],
  };
}

function readOrRefuse(path: string, readFile: ReadFile): Uint8Array | undefined {
  try {
    return readFile(path);
  } catch (cause) {
    throw new TrustError('TRUST_POLICY_INVALID', `the trust policy ${path} cannot be read`, {
      cause,
      why: cause instanceof Error ? cause.message : String(cause),
      hint: 'an unreadable policy is not skipped: make it readable, or name another with --trust FILE',
    });
  }
}

function readTrustPolicy(
  bytes: Uint8Array,
  path: string,
  lookedAt: readonly string[],
  readFile: ReadFile,
): TrustPolicy {
  const parsed = parsedOf(bytes, path);
  const file = parsed.value;
  if (!isPolicyFile(file)) throw invalid(path, schemaFaults(isPolicyFile, parsed));
  const reporter = reporterFor(parsed, readFile);
  const defaultRule = readRule(file.default, '/default', reporter);
  const scopes = Object.entries(file.scopes ?? {})
    .map(([scope, rule]) => ({ scope, rule: readRule(rule, `/scopes${pointerStep(scope)}`, reporter) }))
    .sort((a, b) => b.scope.length - a.scope.length);
  for (const { scope } of scopes)
    if (scope.endsWith('/') && Object.hasOwn(file.scopes ?? {}, scope.slice(0, -1)))
      reporter.fault(
        `/scopes${pointerStep(scope)}`,
        'stands here with and without a slash at its end',
        'keep one of the two',
      );
  if (reporter.faults.length > 0) throw invalid(path, reporter.faults);
  return {
    source: path,
    digest: digestOf(canonicalJson(fingerprintsOf(defaultRule, scopes))),
    inputs: [...lookedAt, ...reporter.inputs],
    defaultRule,
    scopes,
  };
}

function parsedOf(bytes: Uint8Array, path: string): ParsedJsonFile {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(path, [{ file: path, line: 1, pointer: '', message: 'not UTF-8' }]);
  }
  const parsed = parseJsonFile(text, path);
  if (parsed.kind === 'faulty') throw invalid(path, parsed.faults);
  return parsed;
}

function reporterFor(parsed: ParsedJsonFile, readFile: ReadFile): Reporter & { faults: Fault[]; inputs: string[] } {
  const faults: Fault[] = [];
  const inputs: string[] = [];
  return {
    faults,
    inputs,
    fault: (pointer, message, hint) =>
      faults.push({ file: parsed.file, line: parsed.lineOf(pointer), pointer, message, hint }),
    read: (path) => {
      const absolute = resolve(dirname(parsed.file), path);
      inputs.push(absolute);
      return readFile(absolute);
    },
  };
}

function invalid(path: string, faults: readonly Fault[]): TrustError {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
  return new TrustError('TRUST_POLICY_INVALID', `the trust policy ${path} has ${count}`, { faults });
}
