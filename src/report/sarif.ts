/**
 * Findings as a SARIF 2.1.0 log, which code hosts and editors show at the
 * lines that they are about.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
 */
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { digestOf } from '../base/digest.js';

export type FindingLevel = 'error' | 'warning' | 'note';

export type Finding = {
  /** The `id` of a SarifRule. */
  readonly ruleId: string;
  readonly level: FindingLevel;
  readonly message: string;
  /** Absolute, or relative to where the reader looks from. */
  readonly file: string;
  /** 1-based, like `column`. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** JSON pointer inside the file. */
  readonly pointer?: string | undefined;
  readonly properties?: { readonly [key: string]: Json | undefined } | undefined;
};

/** One kind of finding: what it says in general. */
export type SarifRule = {
  /** Stable, such as `policy-diff/widened-call`. */
  readonly id: string;
  /** One sentence. */
  readonly description: string;
  readonly level: FindingLevel;
  /** What to do about it, in one sentence. */
  readonly help?: string | undefined;
};

export type SarifInput = {
  /** The product's version. */
  readonly version: string;
  readonly rules: readonly SarifRule[];
  readonly findings: readonly Finding[];
};

/** The log: plain data, the same for the same input. @throws {RangeError} where a finding names no rule */
export function sarifLog({ version, rules, findings }: SarifInput): Json {
  const places = new Map(rules.map(({ id }, index) => [id, index]));
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'sandbox', version, rules: rules.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map((finding) => {
          const place = places.get(finding.ruleId);
          if (place === undefined) throw new RangeError(`no rule ${finding.ruleId}`);
          return resultOf(finding, place);
        }),
      },
    ],
  };
}

function ruleOf({ id, description, level, help }: SarifRule): Json {
  return {
    id,
    shortDescription: { text: description },
    defaultConfiguration: { level },
    help: help === undefined ? undefined : { text: help },
  };
}

function resultOf(finding: Finding, ruleIndex: number): Json {
  const { ruleId, level, message, file, pointer, properties } = finding;
  return {
    ruleId,
    ruleIndex,
    level,
    message: { text: message },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: uriOf(file) }, region: regionOf(finding) },
        logicalLocations: pointer === undefined ? undefined : [{ fullyQualifiedName: pointer, kind: 'member' }],
      },
    ],
    partialFingerprints: { 'sandboxFinding/v1': fingerprintOf(finding) },
    properties,
  };
}

function regionOf({ line, column }: Finding): Json | undefined {
  return line === undefined ? undefined : { startLine: line, startColumn: column };
}

/** The same finding keeps its fingerprint when lines move. */
function fingerprintOf({ ruleId, file, pointer, message }: Finding): string {
  return digestOf(canonicalJson([ruleId, file, pointer ?? '', message]));
}

/** A reference that no character of the path can turn into something else. */
function uriOf(path: string): string {
  const steps = path.split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${steps}` : steps;
}
