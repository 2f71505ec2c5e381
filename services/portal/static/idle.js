// Signs out whoever has touched nothing for some minutes, so that a screen left alone shows nobody's record.
"use strict";

const leaving = document.getElementById("sign-out");

if (leaving) {
  const lasts = Number(leaving.dataset.idleSeconds) * 1000;
  let touched = Date.now();
  for (const kind of ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"]) {
    document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }
  const watch = setInterval(() => {
    if (Date.now() - touched <= lasts) return;
    clearInterval(watch);
    leaving.submit();
  }, 1000);
}
