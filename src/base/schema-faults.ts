/** What a schema validator of ajv's found, said to the author of the file: one fault a mistake, each with line and hint. */
import type { ErrorObject } from 'ajv';
import type { Fault } from './errors.js';
import { type JsonFile, MAX_FAULTS, pointerStep, quoted } from './json-file.js';
import { nearestName } from './nearest.js';

export type ParsedJsonFile = Extract<JsonFile, { kind: 'parsed' }>;

/** A validator as ajv compiles it, ahead of time or not. */
export type Validator<Value> = {
  (value: unknown): value is Value;
  errors?: ErrorObject[] | null | undefined;
};

/** The faults that the last call of `validator` found, the first hundred; empty where it accepted. */
export function schemaFaults(validator: Validator<unknown>, parsed: ParsedJsonFile): Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of validator.errors ?? []) {
    if (faults.size >= MAX_FAULTS) break;
    if (!isTelling(error)) continue;
    const fault = faultOf(error, parsed);
    faults.set(`${fault.pointer} ${fault.message}`, fault);
  }
  return [...faults.values()];
}

/** Not an error that merely repeats that one of the errors beside it happened. */
const isTelling = (error: ErrorObject): boolean => error.keyword !== 'if' && error.keyword !== 'propertyNames';

function faultOf(error: ErrorObject, parsed: ParsedJsonFile): Fault {
  const { pointer, message, hint } = describe(error, error.instancePath);
  return { file: parsed.file, line: parsed.lineOf(pointer), pointer, message, hint };
}

type Told = { readonly pointer: string; readonly message: string; readonly hint?: string | undefined };

function describe(error: ErrorObject, at: string): Told {
  if (error.propertyName !== undefined) {
    const pointer = at + pointerStep(error.propertyName);
    return {
      pointer,
      message: `the key ${quoted(error.propertyName)} is not spelled as it must be`,
      hint: wishOf(error),
    };
  }
  const params: Readonly<Record<string, unknown>> = error.params;
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      return {
        pointer: at + pointerStep(name),
        message: `unknown key ${quoted(name)}`,
        hint: nearestOf(name, keysOf(error)),
      };
    }
    case 'required': {
      const name = String(params['missingProperty']);
      return { pointer: at, message: `the key "${name}" is missing`, hint: `add "${name}"` };
    }
    case 'enum':
      return {
        pointer: at,
        message: 'not one of the allowed values',
        hint: `one of ${listOf(params['allowedValues'])}`,
      };
    case 'const':
      return { pointer: at, message: `must be ${JSON.stringify(params['allowedValue'])}` };
    case 'discriminator':
      return {
        pointer: at,
        message: `${quoted(String(params['tag']))} is missing or none of the known`,
        hint: kindsOf(error),
      };
    case 'type':
      return { pointer: at, message: `must be of type ${String(params['type'])}` };
    case 'pattern':
      return {
        pointer: at,
        message: 'is not spelled as it must be',
        hint: wishOf(error),
      };
    default:
      return { pointer: at, message: error.message ?? error.keyword };
  }
}

/** What the text should have been: the pattern, and the schema's own words where it has some. */
function wishOf(error: ErrorObject): string {
  const description: unknown = error.parentSchema?.['description'];
  const pattern = `it must match ${String(error.params['pattern'])}`;
  return typeof description === 'string' ? `${description} (${pattern})` : pattern;
}

/** The tags of a tagged union. */
function kindsOf(error: ErrorObject): string | undefined {
  const branches: unknown = error.parentSchema?.['oneOf'];
  if (!Array.isArray(branches)) return undefined;
  const tag = String(error.params['tag']);
  return `one of ${branches.map((branch) => JSON.stringify(branch?.properties?.[tag]?.const)).join(', ')}`;
}

const listOf = (values: unknown): string =>
  Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : String(values);

/** The names that the object could have had; ajv tells them when compiled with `verbose`. */
function keysOf(error: ErrorObject): readonly string[] {
  const properties: unknown = error.parentSchema?.['properties'];
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

/** "did you mean …" where one name is near; else the list of names. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  return known.length === 0 ? 'remove it' : `known here: ${known.join(', ')}`;
}
