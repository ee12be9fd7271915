import { join } from 'node:path'
import { migrate } from '../src/database/migrations.ts'
import { launch } from './launch/launch.ts'
import { serviceCommands } from './launch/services.ts'
import { buildUi } from './launch/ui-build.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** `bun start`: the whole studio in one terminal. @returns the exit code */
export function main(): Promise<number> {
  return launch({
    env: process.env,
    blueprint: ({ config, dataDir }) => ({
      services: serviceCommands(ROOT, { watch: false, withFake: config.FAKE_PROVIDER_URL !== undefined }),
      migrate,
      ui: async options => {
        await buildUi({ ...options, root: ROOT })
        return undefined
      },
      output: name => ({ file: join(dataDir, 'logs', `${name}.log`) }),
    }),
  })
}
