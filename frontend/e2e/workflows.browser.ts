import { expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { startFakeComfyUi } from '../../infra/testing/fake-comfyui/fake-server.ts'
import { TEXT_TO_IMAGE } from '../../infra/testing/fake-comfyui/text-to-image.ts'
import { isFinished } from '../../infra/testing/studio/studio-client.ts'
import { startTestStudio } from '../../infra/testing/studio/test-studio.ts'
import { createTestDirectory } from '../../infra/testing/test-resources.ts'
import { createAxe } from './axe.ts'
import { openPage, startBrowser } from './browser.ts'
import { COLOUR_RULES } from './page-probes.ts'

const SIZES = [
  [1440, 900],
  [390, 844],
] as const

test('connects to ComfyUI, adds workflows, learns what the server lacks, and makes a picture with one', async () => {
  await using directory = await createTestDirectory()
  await using fake = await startFakeComfyUi({ directory: directory.path })
  await using studio = await startTestStudio()
  await using browser = await startBrowser()
  const { page, pageErrors } = await openPage(browser, `${studio.url}#settings/connections/add`)
  await page.getByRole('radio', { name: /^ComfyUI/ }).check()
  await page.getByLabel('Address').fill(fake.url)
  await page.getByText('1 workflow can be used.').waitFor()
  await page.getByRole('button', { name: 'Add this server' }).click()

  await page.getByRole('button', { name: 'Actions for ComfyUI' }).click()
  await page.getByRole('menuitem', { name: 'Workflows' }).click()
  await page.getByText('No workflow was added so far.').waitFor()
  await addFiles(page, {
    'landscape.json': TEXT_TO_IMAGE,
    'fancy.json': { ...TEXT_TO_IMAGE, '8': { class_type: 'FancyDecode', inputs: {} } },
    'from the editor.json': { nodes: [], links: [] },
  })
  await page.getByText('This is the format of ComfyUI’s editor.').waitFor()
  await page.getByText('The server can run it.').waitFor()
  await page.getByText('The server does not have the node FancyDecode.').waitFor()
  await page.getByText('What a submission fills').click()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Remove the workflow fancy' }).click()
  await page.getByRole('heading', { name: 'fancy' }).waitFor({ state: 'detached' })

  const submission = { prompt: 'hills', model: 'comfyui/landscape', parameters: { numOutputs: 2, aspectRatio: '1:1' } }
  const { id } = await studio.submit(submission)
  const made = await studio.waitForGeneration(id, isFinished)
  expect([made.status, ...made.outputs.map(({ state }) => state)]).toEqual(['completed', 'stored', 'stored'])
  expect(await fake.made()).toHaveLength(1)
  // Of the file that was refused.
  expect(pageErrors.filter(error => !error.includes('status of 422'))).toEqual([])
})

async function addFiles(page: Page, files: Record<string, unknown>): Promise<void> {
  const chosen = Object.entries(files).map(([name, content]) => ({
    name,
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(content)),
  }))
  await page.getByLabel('Workflow files').setInputFiles(chosen)
}

async function expectAccessible(page: Page): Promise<void> {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const axe = createAxe(page)
      const { violations } = await (colorScheme === 'light' ? axe : axe.withRules(COLOUR_RULES)).analyze()
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
      const folder = process.env.SCREENSHOTS
      if (folder) await page.screenshot({ path: `${folder}/workflows-${width}-${colorScheme}.png` })
    }
  }
}
