import { expect, test } from 'bun:test'
import { startFakeOpenAi } from '../../testing/fake-openai/fake-server.ts'
import { runCommand } from '../../testing/studio/run-command.ts'
import { createTestDirectory } from '../../testing/test-resources.ts'

test('lists what the account offers, what the catalogue lacks, and what leaves, at no cost and without the key', async () => {
  await using fake = await startFakeOpenAi()
  await using directory = await createTestDirectory()
  fake.setModels([{ id: 'gpt-image-2' }, { id: 'gpt-image-9' }, { id: 'gpt-image-1.5', shutdown_date: '2099-01-01' }])
  const env = { OPENAI_API_KEY: fake.key, OPENAI_BASE_URL: fake.url, DATA_DIR: directory.path }
  const run = (args: string[]) => runCommand('providers/models-list', args, env)
  const { exitCode, stdout, stderr } = await run(['openai'])
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^openai {2}offered {2}openai\/gpt-image-2 {2}image {2}generate edit/m)
  expect(stdout).toMatch(/^openai {2}not-in-catalogue {2}openai\/gpt-image-9 /m)
  expect(stdout).toMatch(/^openai {2}retiring {2}openai\/gpt-image-1\.5 .* retires 2099-01-01$/m)
  expect(stdout).not.toContain(fake.key)
  expect((await run(['nobody'])).exitCode).toBe(2)
  fake.setFault('wrong-key')
  expect(await run([])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/^openai {2}failed {2}The provider/),
  })
  expect(fake.posts()).toBe(0)
})
