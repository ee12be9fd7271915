import { expect, test } from 'bun:test'
import { startFakeOpenAi } from '../../infra/testing/fake-openai/fake-server.ts'
import { startFakeOpenAiCompatible } from '../../infra/testing/fake-openai-compatible/fake-server.ts'
import { waitForModels } from '../../infra/testing/studio/connections-client.ts'
import { isFinished } from '../../infra/testing/studio/studio-client.ts'
import { startTestStudio } from '../../infra/testing/studio/test-studio.ts'
import { createAxe } from './axe.ts'
import { openPage, startBrowser } from './browser.ts'
import { COLOUR_RULES } from './page-probes.ts'

const PARAMETERS = { numOutputs: 1, settings: { quality: 'low' } }

test('what waits for credit, or failed without it, is made elsewhere by a click, once, and the rule of the connection is set', async () => {
  await using openAi = await startFakeOpenAi()
  await using other = await startFakeOpenAiCompatible({ flavour: 'localai' })
  await using studio = await startTestStudio({
    ...{ OPENAI_API_KEY: openAi.key, OPENAI_BASE_URL: openAi.url },
    ...{ OPENAI_COMPATIBLE_URL: other.url, OPENAI_COMPATIBLE_KEY: other.key },
  })
  await using browser = await startBrowser()
  for (const connection of ['openai', 'openai-compatible']) await waitForModels(studio, connection)
  openAi.setFault('no-credit')
  const model = 'openai/gpt-image-2'
  const failed = await studio.submit({ prompt: 'a failed heron', model, parameters: PARAMETERS })
  await studio.waitForGeneration(failed.id, isFinished)
  const waiting = await studio.submit({ prompt: 'a waiting heron', model, parameters: PARAMETERS })
  await studio.waitForGeneration(waiting.id, ({ waiting }) => waiting?.reason === 'no-credit')

  const { page, pageErrors } = await openPage(browser, studio.url, { reducedMotion: 'reduce' })
  for (const start of ['a failed heron', 'a waiting heron']) {
    await page.getByRole('button', { name: `Elsewhere: ${start}` }).click()
    const entry = page.getByRole('menuitem').first()
    expect(await entry.textContent()).toMatch(/· OpenAI-compatible.*about \d+ s, free/)
    expect((await createAxe(page).withRules(COLOUR_RULES).analyze()).violations).toEqual([])
    await entry.click()
    await page.getByRole('article').filter({ hasText: start }).getByText('instead of gpt-image-2').first().waitFor()
  }
  await page.getByText('Made with another model').first().waitFor()
  await page
    .getByRole('button', { name: /^Elsewhere/ })
    .first()
    .waitFor({ state: 'detached' })
  await page.waitForFunction(() => document.querySelectorAll('article img').length >= 2)
  expect([openAi.posts(), other.posts()]).toEqual([1, 2])

  await page.goto(`${studio.url}#settings/connections/edit/openai`)
  await page.getByLabel('While it is down').selectOption({ index: 1 })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('button', { name: 'Save' }).waitFor({ state: 'detached' })
  const response = await fetch(new URL('/api/connections', studio.url))
  const { connections } = (await response.json()) as { connections: { id: string; failoverModel: string | null }[] }
  expect(connections.find(({ id }) => id === 'openai')?.failoverModel).toMatch(/^openai-compatible\//)
  expect(pageErrors).toEqual([])
})
