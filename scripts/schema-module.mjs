/**
 * From one JSON Schema, everything that the program needs of it:
 *   generated/NAME-schema.ts        the schema as a constant, for json-schema-to-ts
 *   generated/NAME-validator.d.ts   and build/generated/NAME-validator.js: ajv's
 *     validator, compiled here so that no process compiles it when it starts
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
  writeChanged(`build/generated/${name}-validator.js`, validatorOf(schema));
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
function validatorOf(schema) {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    strictRequired: false,
    discriminator: true,
    code: { source: true, esm: true, lines: true },
  });
  const code = standalone(ajv, ajv.compile(schema));
  const imports = [];
  const body = code.replace(/const (\w+) = require\("([^"]+)"\)\.default;/g, (_, variable, module) => {
    imports.push(`import ${variable}_module from '${module}.js';\nconst ${variable} = ${variable}_module.default;`);
    return '';
  });
  if (/\brequire\(/.test(body)) throw new Error(`the validator of ${schema.$id} requires something new`);
  return `/** ${HEADER} */\n${imports.join('\n')}\n${body}\n`;
}
