import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { createUniqueImage, toDataUrl } from '../../infra/testing/data/imported-rows.ts'
import { runCommand } from '../../infra/testing/studio/run-command.ts'
import { startTestStudio } from '../../infra/testing/studio/test-studio.ts'
import { openPage, startBrowser } from './browser.ts'

const PROMPT = 'an old valley, from another system'

test('shows the references of an old generation after the backfill, and attaches them on reuse', async () => {
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const env = { DATA_DIR: studio.dataDir, DATABASE_URL: '', NATS_URL: '' }
  await Bun.write(join(studio.dataDir, 'old', 'made.png'), await createUniqueImage(96, 96))
  const [one, two] = [await createUniqueImage(64, 48), await createUniqueImage(48, 64)]
  const parameters = { aspectRatio: '1:1', referenceImages: [toDataUrl(one), toDataUrl(two, 'DATA:image/png;base64,')] }
  const line = { id: 'old-1', prompt: PROMPT, model: 'demo', parameters, outputs: [{ file: 'made.png' }] }
  const file = join(studio.dataDir, 'old', 'generations.jsonl')
  await Bun.write(file, JSON.stringify(line))
  expect((await runCommand('import', [file], env)).exitCode).toBe(0)

  const { page, pageErrors } = await openPage(browser, studio.url)
  const article = page.getByRole('feed').getByRole('article')
  await article.getByText(PROMPT).waitFor()
  const references = article.getByRole('list', { name: 'References' }).locator('img')
  expect(await references.count()).toBe(0)
  expect((await runCommand('backfill', ['reference-images'], env)).exitCode).toBe(0)
  // They come by a live event, without a reload.
  await references.nth(1).waitFor()
  expect(await references.count()).toBe(2)
  const widths = await references.evaluateAll(async nodes => {
    const images = nodes.filter(node => node instanceof HTMLImageElement)
    await Promise.all(images.map(image => image.decode()))
    return images.map(({ naturalWidth }) => naturalWidth)
  })
  expect(widths).toEqual([64, 48])

  await article.hover()
  await article.getByRole('button', { name: 'Reuse' }).click()
  const attached = page.getByRole('list', { name: 'References, in order' }).getByRole('listitem')
  await attached.nth(1).waitFor()
  expect(await attached.count()).toBe(2)
  expect(await page.getByRole('textbox', { name: 'Prompt' }).inputValue()).toBe(PROMPT)
  expect(pageErrors).toEqual([])
})
