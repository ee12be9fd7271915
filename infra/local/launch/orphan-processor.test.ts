import { expect, test } from 'bun:test'
import { stopOrphanProcessor } from './orphan-processor.ts'

/** Starts a process as a killed launcher leaves it; `stubborn` ignores the stop signal. */
async function startOrphan(stubborn: boolean, readiness: () => unknown) {
  const script = `${stubborn ? 'trap "" TERM; ' : ''}echo ready; sleep 600 & wait; wait`
  const child = Bun.spawn(['/bin/sh', '-c', script, 'orphan-of-a-test'], {
    stdout: 'pipe',
    stdin: 'ignore',
    detached: true,
  })
  await child.stdout.getReader().read()
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json(readiness(), { status: 503 }) })
  const messages: string[] = []
  const stop = (milliseconds = 60_000) =>
    stopOrphanProcessor(
      { pid: child.pid, command: 'orphan-of-a-test', url: server.url.origin },
      { signal: new AbortController().signal, onMessage: line => messages.push(line), milliseconds },
    )
  const dispose = async () => {
    // The whole session: the shell may have exited, and its `sleep` not.
    Bun.spawnSync(['/bin/kill', '-KILL', '--', `-${child.pid}`], { stderr: 'ignore' })
    await child.exited
    await server.stop(true)
  }
  return { child, messages, stop, [Symbol.asyncDispose]: dispose }
}

const calls = [{ provider: 'fake', model: 'fake-bytes', remainingSeconds: 40 }]

test('leaves a processor alone that waits for calls which are paid', async () => {
  await using orphan = await startOrphan(false, () => ({ ready: false, stopping: true, calls }))
  await orphan.stop()
  expect(orphan.child.exitCode ?? orphan.child.signalCode).toBeNull()
  expect(orphan.messages).toEqual([
    'An earlier start still waits for 1 picture that fake is making, at most 40 s. What comes is saved.',
  ])
})

test('asks once a processor that does not stop yet, and leaves it to its calls then', async () => {
  const readiness = [{ ready: true }, { ready: true }, { ready: false, stopping: true, calls }]
  await using orphan = await startOrphan(true, () => readiness.shift() ?? { stopping: true, calls })
  await orphan.stop()
  expect(orphan.child.exitCode ?? orphan.child.signalCode).toBeNull()
  expect(orphan.messages).toHaveLength(1)
})

test('stops a processor that has no calls, and kills one that does not stop', async () => {
  for (const stubborn of [false, true]) {
    await using orphan = await startOrphan(stubborn, () => ({ ready: true }))
    await orphan.stop(stubborn ? 1_500 : 60_000)
    await orphan.child.exited
    expect(orphan.child.signalCode).toBe(stubborn ? 'SIGKILL' : 'SIGTERM')
    expect(orphan.messages).toEqual([])
  }
})
