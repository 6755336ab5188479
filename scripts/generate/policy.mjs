/** The policy's type and validator from its schema. */
import { writeSchemaModule } from '../schema-module.mjs';

writeSchemaModule('policies/policy-v1.schema.json', 'policy');
