/** Types and validators of the trail’s records, of the chain’s entries and of certificates from their schemas. */
import { writeSchemaModule } from '../schema-module.mjs';

writeSchemaModule('audit/event.schema.json', 'audit-event');
writeSchemaModule('audit/chain.schema.json', 'audit-chain');
writeSchemaModule('audit/certificate.schema.json', 'certificate');
