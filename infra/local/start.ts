import { join } from 'node:path'
import { migrate } from '../src/migrations.ts'
import { launch } from './launch.ts'
import { serviceCommands } from './services.ts'
import { buildUi } from './ui.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** `bun start`: the whole studio in one terminal. @returns the exit code */
export function main(): Promise<number> {
  return launch({
    env: process.env,
    blueprint: ({ dataDir }) => ({
      services: serviceCommands(ROOT, { watch: false }),
      migrate,
      ui: async options => {
        await buildUi({ ...options, root: ROOT })
        return undefined
      },
      output: name => ({ file: join(dataDir, 'logs', `${name}.log`) }),
    }),
  })
}
