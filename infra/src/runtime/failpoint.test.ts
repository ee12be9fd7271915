import { afterEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { armFailpoint, FailpointError, failpoint } from './failpoint.ts'

const MODULE = join(import.meta.dirname, 'failpoint.ts')

afterEach(() => armFailpoint(undefined))

test('nothing fails where nothing was asked for', async () => {
  await failpoint('after-claim')
  armFailpoint(undefined)
  await failpoint('after-claim')
})

test('it fails at its place alone, and once', async () => {
  armFailpoint('after-claim:throw')
  await failpoint('before-claim')
  await expect(failpoint('after-claim')).rejects.toBeInstanceOf(FailpointError)
  await failpoint('after-claim')
})

test('a process that is to be killed there goes no further', async () => {
  const script = `
    import { armFailpoint, failpoint } from '${MODULE}'
    armFailpoint('after-claim:kill')
    process.stdout.write('before')
    await failpoint('after-claim')
    process.stdout.write(' after')`
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' })
  expect(await new Response(child.stdout).text()).toBe('before')
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
})
