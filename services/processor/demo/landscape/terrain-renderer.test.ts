import { expect, test } from 'bun:test'
import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { computeSize } from '@darkroom/contracts/size'
import { createRandom } from '../raster/random.ts'
import { createRaster } from '../raster/raster.ts'
import { composeScene } from '../scene-description.ts'
import { SCENE_PRESETS, type SceneType } from './scene-presets.ts'
import { createSkyModel } from './sky-model.ts'
import { renderTerrain } from './terrain-renderer.ts'

const NAMES = (Object.keys(SCENE_PRESETS) as SceneType[]).filter(name => name !== 'contours')

test.each(NAMES)('%s: terrain covers each column without a gap from its top row to the bottom', scene => {
  for (const ratio of ASPECT_RATIOS) {
    const { width, height } = computeSize(ratio, 512)
    const raster = createRaster(width / 8, height / 8)
    const description = composeScene(createRandom(scene, ratio), { scene, time: 'day', weather: 'clear' }, null, raster)
    renderTerrain(raster, description, createSkyModel(description), () => {})
    for (let column = 0; column < raster.width; column++) {
      const cover = Array.from({ length: raster.height }, (_, row) => raster.coverage[row * raster.width + column] ?? 0)
      const top = cover.findIndex(share => share > 0)
      expect(top).toBeGreaterThanOrEqual(0)
      for (const share of cover.slice(top + 1)) expect(share).toBeCloseTo(1, 3)
    }
  }
})
