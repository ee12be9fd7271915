import { join } from 'node:path'
import { createLog } from '@darkroom/infra/log'
import { TEST_CACHE } from '@darkroom/infra/testing/test-resources'
import { type LocalPackages, openLocalPackages } from './local-packages.ts'
import { openUpscaler, type Upscaler, type UpscalerOptions } from './upscaler.ts'

const log = createLog({ service: 'test', level: 'silent' })

/** Opens the packages of tests, which are kept with the other parts that tests download: from the second time on no network is needed. */
export function openTestPackages(): LocalPackages {
  const { signal } = new AbortController()
  return openLocalPackages({ directory: join(TEST_CACHE, 'local-models'), log, signal })
}

/** Opens an upscaler for tests. Closing it ends its process. */
export function openTestUpscaler(options: Partial<UpscalerOptions> = {}): Upscaler & AsyncDisposable {
  const upscaler = openUpscaler({ packages: openTestPackages(), log, ...options })
  return { ...upscaler, [Symbol.asyncDispose]: upscaler.close }
}
