import { expect, test } from 'bun:test'
import { join } from 'node:path'

const HEAD = `
  import { writeSync } from 'node:fs'
  import { createLifecycle } from ${JSON.stringify(join(import.meta.dirname, 'lifecycle.ts'))}
  import { createLog } from ${JSON.stringify(join(import.meta.dirname, '..', 'log.ts'))}
  const say = line => writeSync(1, line + '\\n')
  const log = createLog({ service: 'test', level: 'silent' })
  const never = new Promise(() => {})
  setInterval(() => {}, 60_000)
`

/** A process with a lifecycle that says `ready` when it has done what the script says. */
function run(script: string) {
  const command = [process.execPath, '-e', `${HEAD}\n${script}\nsay('ready')`]
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  let said = ''
  return {
    child,
    /** Waits until it has said a line. */
    hears: async (line: string) => {
      while (!said.split('\n').includes(line)) {
        const { done, value = '' } = await reader.read()
        if (done) throw new Error(`it ended without saying ${line}: ${said}${await child.stderr.text()}`)
        said += value
      }
    },
    /** What it has said by the time it was gone, and how it went. */
    end: async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) said += next.value
      return {
        code: await child.exited,
        said: said
          .trim()
          .split('\n')
          .filter(line => line !== 'ready'),
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`on ${signal} everything is closed, what was opened last first, and the process ends well`, async () => {
    await using process = run(`
      const lifecycle = createLifecycle({ log })
      lifecycle.stopping.addEventListener('abort', () => say('stopping'))
      for (const what of ['database', 'bus', 'http']) lifecycle.onClose(what, async () => {
        await Bun.sleep(1)
        say('closed ' + what)
      })`)
    await process.hears('ready')
    process.child.kill(signal)
    expect(await process.end()).toEqual({ code: 0, said: ['stopping', 'closed http', 'closed bus', 'closed database'] })
  })
}

test('while it drains it answers, and says that it is not ready', async () => {
  await using process = run(`
    import { createHttpApp } from ${JSON.stringify(join(import.meta.dirname, '..', 'http', 'app.ts'))}
    import { identify } from ${JSON.stringify(join(import.meta.dirname, '..', 'http', 'identity.ts'))}
    import { createMetrics } from ${JSON.stringify(join(import.meta.dirname, '..', 'metrics.ts'))}
    const lifecycle = createLifecycle({ log })
    const config = { PORT: 3000, PUBLIC_URL: undefined, BODY_MEMORY_MB: 64 }
    const { stopping } = lifecycle
    const app = createHttpApp({ config, log, metrics: createMetrics('test'), checks: {}, identify, stopping })
    app.listen({ port: 0, hostname: '127.0.0.1' })
    const readiness = async () => (await fetch('http://127.0.0.1:' + app.server.port + '/readyz')).status
    lifecycle.onClose('http', () => app.stop())
    lifecycle.onClose('work', async () => say('draining ' + await readiness()))
    say('working ' + await readiness())`)
  await process.hears('ready')
  process.child.kill('SIGTERM')
  expect(await process.end()).toEqual({ code: 0, said: ['working 200', 'draining 503'] })
})

test('asked twice, it stops once', async () => {
  await using process = run(`
    const lifecycle = createLifecycle({ log })
    const again = Promise.withResolvers()
    process.on('SIGINT', again.resolve)
    lifecycle.onClose('slow', async () => {
      say('closing')
      await again.promise
      say('closed')
    })`)
  await process.hears('ready')
  process.child.kill('SIGTERM')
  await process.hears('closing')
  process.child.kill('SIGINT')
  expect(await process.end()).toEqual({ code: 0, said: ['closing', 'closed'] })
})

test('what hangs, and what fails, keeps nothing else from being closed', async () => {
  await using process = run(`
    const lifecycle = createLifecycle({ log })
    lifecycle.onClose('first', () => say('closed'))
    lifecycle.onClose('hangs', () => never, 20)
    lifecycle.onClose('rejects', () => Promise.reject(new Error('no')))
    lifecycle.onClose('throws', () => { throw new Error('no') })
    lifecycle.onClose('fails too late', () => Bun.sleep(10).then(() => { throw new Error('too late') }), 5)`)
  await process.hears('ready')
  process.child.kill('SIGTERM')
  expect(await process.end()).toEqual({ code: 0, said: ['closed'] })
})

for (const [what, script] of [
  ['an error that nobody caught', `setTimeout(() => { throw new Error('uncaught') })`],
  ['a promise that nobody looked after', `Promise.reject(new Error('unhandled'))`],
  ['something thrown that is no error', `setTimeout(() => { throw 'words' })`],
] as const) {
  test(`${what} closes everything and ends the process badly`, async () => {
    await using process = run(`
      const lifecycle = createLifecycle({ log })
      lifecycle.onClose('http', () => say('closed'))
      ${script}`)
    expect(await process.end()).toEqual({ code: 1, said: ['closed'] })
  })
}

test('it may stop itself, and say how that went', async () => {
  await using process = run(`
    const lifecycle = createLifecycle({ log })
    lifecycle.onClose('http', () => say('closed'))
    void lifecycle.stop('no models', 3)`)
  expect(await process.end()).toEqual({ code: 3, said: ['closed'] })
})

test('when the process that started it is gone, however it went, it does not stay behind', async () => {
  await using launcher = run('')
  await using process = run(`
    const lifecycle = createLifecycle({ log, parentPid: ${launcher.child.pid} })
    lifecycle.onClose('http', () => say('closed'))`)
  await process.hears('ready')
  launcher.child.kill('SIGKILL')
  expect(await process.end()).toEqual({ code: 1, said: ['closed'] })
})
