import { expect, test } from 'bun:test'
import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { sizeOf } from '@darkroom/contracts/size'
import { randomFrom } from '../raster/random.ts'
import { newPlate } from '../raster/raster.ts'
import { compose } from '../scene-description.ts'
import { SCENES, type SceneName } from './scene-presets.ts'
import { skyOf } from './sky.ts'
import { drawLand } from './terrain-renderer.ts'

const NAMES = (Object.keys(SCENES) as SceneName[]).filter(name => name !== 'folds')

test.each(NAMES)('%s: land runs from edge to edge, without a hole, under the sky', scene => {
  for (const ratio of ASPECT_RATIOS) {
    const { width, height } = sizeOf(ratio, 512)
    const plate = newPlate(width / 8, height / 8)
    const picture = compose(randomFrom(scene, ratio), { scene, time: 'day', weather: 'clear' }, null, plate)
    drawLand(plate, picture, skyOf(picture), () => {})
    for (let column = 0; column < plate.width; column++) {
      const cover = Array.from({ length: plate.height }, (_, row) => plate.cover[row * plate.width + column] ?? 0)
      const top = cover.findIndex(share => share > 0)
      expect(top).toBeGreaterThanOrEqual(0)
      for (const share of cover.slice(top + 1)) expect(share).toBeCloseTo(1, 3)
    }
  }
})
