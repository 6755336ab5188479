/** The trust policy's type and validator from its schema. */
import { writeSchemaModule } from '../schema-module.mjs';

writeSchemaModule('policies/trust-v1.schema.json', 'trust-policy');
