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
  const errors = validator.errors ?? [];
  const misspelt = new Set(errors.flatMap((error) => meantKey(error) ?? []));
  for (const error of errors) {
    if (faults.size >= MAX_FAULTS) break;
    if (!isTelling(error)) continue;
    if (error.keyword === 'required' && misspelt.has(memberOf(error, error.params['missingProperty']))) continue;
    const fault = faultOf(error, parsed);
    // Of one value the first thing that is wrong; of an object each key that is missing.
    const key = error.keyword === 'required' ? `${fault.pointer} ${fault.message}` : fault.pointer;
    if (!faults.has(key)) faults.set(key, fault);
  }
  return [...faults.values()];
}

/** Not an error that merely repeats that one of the errors beside it happened. */
const isTelling = (error: ErrorObject): boolean => error.keyword !== 'if' && error.keyword !== 'propertyNames';

function faultOf(error: ErrorObject, parsed: ParsedJsonFile): Fault {
  const { pointer, message, hint } = describe(error, error.instancePath);
  return { file: parsed.file, line: parsed.lineOf(pointer), pointer, message, hint };
}

/** The member that an unknown key may have been meant for: that one is not missing as well. */
function meantKey(error: ErrorObject): string | undefined {
  if (error.keyword !== 'additionalProperties') return undefined;
  const near = nearestName(String(error.params['additionalProperty']), keysOf(error));
  return near === undefined ? undefined : memberOf(error, near);
}

const memberOf = (error: ErrorObject, name: unknown): string => error.instancePath + pointerStep(String(name));

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
        hint: valueHint(error.data, params['allowedValues']),
      };
    case 'const':
      return { pointer: at, message: `must be ${JSON.stringify(params['allowedValue'])}`, hint: descriptionOf(error) };
    case 'discriminator':
      return {
        pointer: at,
        message: `${quoted(String(params['tag']))} is missing or none of the known`,
        hint: kindsOf(error),
      };
    case 'type':
      return { pointer: at, message: `must be of type ${String(params['type'])}`, hint: descriptionOf(error) };
    case 'pattern':
      return {
        pointer: at,
        message: 'is not spelled as it must be',
        hint: wishOf(error),
      };
    default:
      return { pointer: at, message: boundOf(error), hint: descriptionOf(error) };
  }
}

/** What is wrong with the size of a value, or with its entries. */
function boundOf({ keyword, params, message }: ErrorObject): string {
  const limit = String(params['limit']);
  switch (keyword) {
    case 'minLength':
      return limit === '1' ? 'is empty' : `has fewer than ${limit} characters`;
    case 'maxLength':
      return `has more than ${limit} characters`;
    case 'minItems':
      return limit === '1' ? 'is empty' : `has fewer than ${limit} entries`;
    case 'maxItems':
      return `has more than ${limit} entries`;
    case 'minProperties':
      return limit === '1' ? 'is empty' : `has fewer than ${limit} keys`;
    case 'minimum':
      return `is less than ${limit}`;
    case 'maximum':
      return `is more than ${limit}`;
    case 'uniqueItems':
      return `entries ${String(params['j'])} and ${String(params['i'])} are the same`;
    default:
      return message ?? keyword;
  }
}

/** The schema's own words for what should stand there. */
function descriptionOf(error: ErrorObject): string | undefined {
  const description: unknown = error.parentSchema?.['description'];
  return typeof description === 'string' ? description : undefined;
}

/** What the text should have been: the pattern, and the schema's own words where it has some. */
function wishOf(error: ErrorObject): string {
  const description = descriptionOf(error);
  const pattern = `it must match ${String(error.params['pattern'])}`;
  return description === undefined ? pattern : `${description} (${pattern})`;
}

/** The tags of a tagged union. */
function kindsOf(error: ErrorObject): string | undefined {
  const branches: unknown = error.parentSchema?.['oneOf'];
  if (!Array.isArray(branches)) return undefined;
  const tag = String(error.params['tag']);
  return `one of ${branches.map((branch) => JSON.stringify(branch?.properties?.[tag]?.const)).join(', ')}`;
}

/** "did you mean …" where one value is near; else the list of values. */
function valueHint(written: unknown, allowed: unknown): string {
  const names = Array.isArray(allowed) ? allowed.filter((one): one is string => typeof one === 'string') : [];
  const nearest = typeof written === 'string' ? nearestName(written, names) : undefined;
  return nearest === undefined ? `one of ${listOf(allowed)}` : `did you mean "${nearest}"?`;
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
