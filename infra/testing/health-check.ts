import { join } from 'node:path'
import { ROOT } from '../local/root.ts'

/**
 * Runs the health check of the Dockerfile in an environment that has nothing else.
 *
 * @param limitSeconds time that it waits for a response; that of the script unless given
 * @returns its exit code
 */
export async function runHealthCheck(env: Record<string, string>, limitSeconds?: string): Promise<number> {
  const dockerfile = await Bun.file(join(ROOT, 'infra/deploy/Dockerfile')).text()
  const [, list = '[]'] = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(dockerfile) ?? []
  const [program = '', file = ''] = JSON.parse(list) as string[]
  const script = await Bun.file(file.replace(/^\/app/, ROOT)).text()
  const text = limitSeconds === undefined ? script : script.replace('-t 4 ', `-t ${limitSeconds} `)
  const child = Bun.spawn([program, '-c', text], { env: { PATH: '/usr/bin:/bin', ...env }, stderr: 'ignore' })
  return await child.exited
}
