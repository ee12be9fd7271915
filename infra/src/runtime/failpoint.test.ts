import { afterEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { enableFailpoint, FailpointError, failpoint } from './failpoint.ts'

const MODULE = join(import.meta.dirname, 'failpoint.ts')

afterEach(() => enableFailpoint(undefined))

test('nothing fails while no failpoint is enabled', async () => {
  await failpoint('after-claim')
  enableFailpoint(undefined)
  await failpoint('after-claim')
})

test('fails once, at the enabled failpoint only', async () => {
  enableFailpoint('after-claim:throw')
  await failpoint('before-claim')
  await expect(failpoint('after-claim')).rejects.toBeInstanceOf(FailpointError)
  await failpoint('after-claim')
})

test('a process that is killed at a failpoint runs nothing after it', async () => {
  const script = `
    import { enableFailpoint, failpoint } from '${MODULE}'
    enableFailpoint('after-claim:kill')
    process.stdout.write('before')
    await failpoint('after-claim')
    process.stdout.write(' after')`
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' })
  expect(await new Response(child.stdout).text()).toBe('before')
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')
})
