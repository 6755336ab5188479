/**
 * From one JSON Schema, everything that the program needs of it:
 *   generated/NAME-schema.ts        the schema as a constant, for json-schema-to-ts
 *   generated/NAME-validator.d.ts   and build/generated/NAME-validator.js: ajv's
 *     validator, compiled here so that no process compiles it when it starts. It
 *     only accepts; what it does not accept is told by build/generated/NAME-faults.cjs,
 *     which is several times larger and loaded then
 *
 * Keep keyword `$ref` to local `$defs`, and those free of cycles: references are put in place for the types.
 */

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standalone from 'ajv/dist/standalone/index.js';
import { HEADER, root, writeChanged } from './write-changed.mjs';

export function writeSchemaModule(schemaPath, name) {
  const schema = JSON.parse(readFileSync(root + schemaPath, 'utf8'));
  const { $defs, ...whole } = inPlace(schema, schema.$defs ?? {});
  writeChanged(
    `generated/${name}-schema.ts`,
    `/** ${HEADER} ${schemaPath} with its references put in place. */\nexport const schema = ${JSON.stringify(whole, null, 2)} as const;\n`,
  );
  writeChanged(
    `generated/${name}-validator.d.ts`,
    `/** ${HEADER} */\nimport type { ErrorObject } from 'ajv';\ndeclare const validate: { (value: unknown): boolean; errors?: ErrorObject[] | null };\nexport default validate;\n`,
  );
  writeChanged(`build/generated/${name}-validator.js`, validatorOf(schema, name));
  writeChanged(`build/generated/${name}-faults.cjs`, faultsOf(schema));
}

function inPlace(value, definitions) {
  if (Array.isArray(value)) return value.map((element) => inPlace(element, definitions));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, ...rest } = value;
  if ($ref === undefined)
    return Object.fromEntries(Object.entries(rest).map(([key, member]) => [key, inPlace(member, definitions)]));
  const target = definitions[$ref.replace('#/$defs/', '')];
  if (target === undefined) throw new Error(`${$ref} is defined nowhere`);
  return { ...inPlace(target, definitions), ...rest };
}

/** strictRequired is off because a tagged union names its tag outside of its branches. */
const COMMON = { strict: true, strictRequired: false, discriminator: true };

/** What ajv's code asks for of its runtime: written here, for loading a package takes longer than all of it. */
const RUNTIME = {
  'ajv/dist/runtime/ucs2length': '(text) => [...text].length',
  'ajv/dist/runtime/equal': `function equal(a, b) {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}`,
};

/** Says yes or no: of its errors only that there is one is left. */
function validatorOf(schema, name) {
  const ajv = new Ajv2020({ ...COMMON, messages: false, code: { source: true, esm: true, lines: true } });
  const body = standalone(ajv, ajv.compile(schema))
    .replace(/const (\w+) = require\("([^"]+)"\)\.default;/g, (_, variable, module) => {
      if (RUNTIME[module] === undefined) throw new Error(`the validator of ${schema.$id} requires ${module}`);
      return `const ${variable} = ${RUNTIME[module]};`;
    })
    .replace(/^(validate\d*\.errors = )\[\{.*\}\];$/gm, '$1[0];')
    .replace(/^(const err\d+ = )\{.*\};$/gm, '$10;')
    .replace(/export const validate = (\w+);\s*export default \w+;/, 'const accepts = $1;');
  if (/\brequire\(|\bexport\b/.test(body)) throw new Error(`the validator of ${schema.$id} requires something new`);
  return `/** ${HEADER} */
import { createRequire } from 'node:module';
import { installationRoot } from '../src/base/installation.js';
${body}
let faults;
export default function validate(value) {
  validate.errors = null;
  if (accepts(value)) return true;
  faults ??= createRequire(import.meta.url)(installationRoot + '/build/generated/${name}-faults.cjs');
  const accepted = faults(value);
  validate.errors = faults.errors;
  return accepted;
}
`;
}

function faultsOf(schema) {
  const ajv = new Ajv2020({ ...COMMON, allErrors: true, verbose: true, code: { source: true, lines: true } });
  return `/** ${HEADER} */\n${standalone(ajv, ajv.compile(schema))}\n`;
}
