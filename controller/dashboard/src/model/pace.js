// How often what depends on a whole fleet is done anew: at once for a fleet that is small, a few times a second for one
// that is large.  Pure: it is told what time it is, in ms.

export const SMALL = 2000 // agents
export const PAUSE_MS = 200 // between two times with more of them

// How long to wait with `count` agents when it was last done at `last`; 0: not at all.
export const pauseOf = (count, last, now) => (count <= SMALL ? 0 : Math.max(0, last + PAUSE_MS - now))

// The first drawing of a frame is drawn at once, the last of any others with the next one; one that is urgent at once, too.
// `nextFrame` calls a function in the next frame.
export function oncePerFrame(nextFrame) {
  let isDrawn = false
  let wanted = null
  const next = () => {
    const draw = wanted
    isDrawn = draw !== null
    wanted = null
    if (draw === null) return
    nextFrame(next)
    draw()
  }
  return (draw, isUrgent = false) => {
    wanted = draw
    if (!isDrawn) return next()
    if (!isUrgent) return
    wanted = null
    draw()
  }
}
