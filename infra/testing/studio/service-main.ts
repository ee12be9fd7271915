import { join } from 'node:path'
import type { Service } from '@darkroom/contracts/routes'

const SERVICES = join(import.meta.dirname, '..', '..', '..', 'services')

/** Returns the file that runs a service; of the processor the one that knows the fake provider as well. */
export function findServiceMain(service: Service): string {
  return join(SERVICES, service, service === 'processor' ? 'testing' : 'src', 'main.ts')
}
