/** Types and validators of the trail's records and of the chain's entries from their schemas. */
import { writeSchemaModule } from '../schema-module.mjs';

writeSchemaModule('audit/event.schema.json', 'audit-event');
writeSchemaModule('audit/chain.schema.json', 'audit-chain');
