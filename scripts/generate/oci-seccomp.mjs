/** The type and validator of OCI seccomp blocks from their schema. */
import { writeSchemaModule } from '../schema-module.mjs';

writeSchemaModule('policies/oci-seccomp.schema.json', 'oci-seccomp');
