import { createZoneFormats } from '../../platform/base/time.ts'

/** Time zones by their names, like Europe/Moscow, as the runtime knows them. */
const formatIn = createZoneFormats('en', { timeZoneName: 'longOffset', year: 'numeric' })

const minuteMs = 60_000

/** How far the clocks of a zone are ahead of UTC at that moment: `+02:00`. */
const offsetAt = (time: Date, timeZone: string): string => {
  const shown = formatIn(timeZone).format(time)
  const [, offset] = /GMT([+-]\d\d:\d\d)?$/.exec(shown) ?? []
  if (offset === undefined && !shown.endsWith('GMT')) {
    throw new Error(`the offset of ${timeZone} is not told in minutes: ${shown}`)
  }
  return offset ?? '+00:00'
}

/** A time as the clocks of a zone show it, with their offset: two times of one clock differ by it. */
export const toLocalIso = (time: Date, timeZone: string): string => {
  const offset = offsetAt(time, timeZone)
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4))
  const shiftMs = (offset.startsWith('-') ? -minutes : minutes) * minuteMs
  const shifted = new Date(time.getTime() + shiftMs).toISOString()
  return shifted.replace(/(?:\.000)?Z$/, offset)
}
