/** The policy's type and validator from its schema, and the names of its places. */
import { readFileSync } from 'node:fs';
import { writeSchemaModule } from '../schema-module.mjs';
import { HEADER, root, writeChanged } from '../write-changed.mjs';

const SCHEMA = 'policies/policy-v1.schema.json';

writeSchemaModule(SCHEMA, 'policy');
const schema = JSON.parse(readFileSync(root + SCHEMA, 'utf8'));
writeChanged(
  'generated/policy-places.ts',
  `/** ${HEADER} The members that a policy can have, as the schema names them. */
export type Place = { readonly [member: string]: Place };
export const POLICY_PLACES: Place = ${JSON.stringify(placesOf(schema), null, 2)};
`,
);

function placesOf(node) {
  const target = node.$ref === undefined ? node : { ...schema.$defs[node.$ref.replace('#/$defs/', '')], ...node };
  return Object.fromEntries(Object.entries(target.properties ?? {}).map(([name, member]) => [name, placesOf(member)]));
}
