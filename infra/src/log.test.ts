import { expect, test } from 'bun:test'
import { hostname } from 'node:os'
import { join } from 'node:path'

const SECRET = 'hunter2-hunter2'

/** Runs calls of a log in a process of their own and returns its standard output: the log writes nowhere else. */
async function logged(calls: string, level = 'trace'): Promise<{ text: string; lines: Record<string, unknown>[] }> {
  const script = `
    import { createLog } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))}
    const log = createLog({ service: 'test', level: ${JSON.stringify(level)} })
    const SECRET = ${JSON.stringify(SECRET)}
    ${calls}`
  const child = Bun.spawn([process.execPath, '-e', script], {
    cwd: import.meta.dirname,
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [text, errors, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  expect({ code, errors }).toEqual({ code: 0, errors: '' })
  return {
    text,
    lines: text
      .trim()
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line)),
  }
}

test('writes JSON lines with the level, the service, the host and the time', async () => {
  const { lines } = await logged(`log.info({ port: 3000 }, 'listening'); log.debug('more')`, 'info')
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: 'test',
      host: hostname(),
      port: 3000,
      msg: 'listening',
    },
  ])
})

test('redacts secrets and texts of users, at the top level and nested', async () => {
  const { text, lines } = await logged(`
    const keys = ['authorization', 'cookie', 'set-cookie', 'x-internal-secret', 'apiKey', 'password', 'parameters', 'prompt']
    for (const key of keys) {
      log.info({ [key]: SECRET })
      log.info({ request: { [key]: SECRET } })
      log.info({ request: { headers: { [key]: SECRET } } })
      log.child({ [key]: SECRET }).info('a child')
    }
    log.info({ parameters: { negativePrompt: SECRET }, plain: 'plain' })`)
  expect(lines).toHaveLength(33)
  expect(text).not.toContain(SECRET)
  expect(lines.at(-1)).toMatchObject({ parameters: '[redacted]', plain: 'plain' })
})

test('logs the code and the message of a Postgres error, without row values and statement', async () => {
  const { text, lines } = await logged(`
    const error = Object.assign(new Error('duplicate key value violates unique constraint "a"'), {
      name: 'PostgresError', code: '23505', detail: 'Key (prompt)=(' + SECRET + ') already exists.',
      where: SECRET, query: 'insert into a values (' + SECRET + ')', parameters: [SECRET], args: [SECRET], hint: SECRET,
    })
    log.error({ err: error }, 'failed')
    log.error({ err: new Error('outer', { cause: error }) }, 'failed')`)
  expect(text).not.toContain(SECRET)
  const known = {
    name: 'PostgresError',
    message: expect.stringContaining('duplicate key'),
    code: '23505',
    stack: expect.any(String),
  }
  expect(lines).toMatchObject([{ err: known }, { err: { message: 'outer', cause: known } }])
})

test('truncates the message of an error, and logs its stack frames', async () => {
  const { text, lines } = await logged(`
    log.error({ err: new Error('x'.repeat(100_000) + SECRET) }, 'failed')
    log.error({ err: 'just words' }, 'failed')
    log.error({ err: null }, 'failed')`)
  expect(text.length).toBeLessThan(5_000)
  expect(text).not.toContain(SECRET)
  expect(lines[0]).toMatchObject({ err: { name: 'Error', stack: expect.stringContaining('at ') } })
  expect(lines.slice(1)).toMatchObject([{ err: { message: 'just words' } }, { err: { message: 'null' } }])
})

test('logs an error whose causes are circular', async () => {
  const { lines } = await logged(`
    const error = new Error('round')
    error.cause = new Error('and round', { cause: error })
    log.error({ err: error }, 'failed')`)
  expect(lines).toMatchObject([{ msg: 'failed', err: { message: 'round', cause: { message: 'and round' } } }])
})

test('a full disk ends nothing: lines wait within a limit, or are dropped', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(join(import.meta.dirname, 'log.ts'))}
    const log = createLog({ service: 'test', level: 'info' })
    for (let line = 0; line < 50_000; line++) log.info({ line, pad: 'x'.repeat(1_000) }, 'flood')
    await Bun.sleep(1)
    process.stderr.write(String(process.memoryUsage().rss))`
  const child = Bun.spawn(['/bin/sh', '-c', 'exec "$0" -e "$1" > /dev/full', process.execPath, script], {
    cwd: import.meta.dirname,
    stderr: 'pipe',
  })
  expect(Number(await child.stderr.text())).toBeWithin(1, 200 * 1024 * 1024)
  expect(await child.exited).toBe(0)
})
