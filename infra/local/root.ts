import { join } from 'node:path'

/** Root folder of the clone. Built-ins only: the bootstrap needs it before any package is installed. */
export const ROOT = join(import.meta.dirname, '..', '..')
