// Covering what is on a screenshot: boxes by mouse, finger or keyboard, kept in thousandths of the picture in a hidden field.
"use strict";

const clamp = (value, low, high) => Math.min(high, Math.max(low, Math.round(value)));

for (const part of document.querySelectorAll("[data-shot]")) {
  const sheet = part.querySelector(".sheet"), field = part.querySelector("input[type=hidden]");
  const count = part.querySelector("[data-count]"), picture = sheet.querySelector("img");
  picture.src = `${location.pathname}/${picture.dataset.src}`;
  const boxes = JSON.parse(field.value);
  let chosen = -1;

  const draw = (focus) => {
    for (const old of sheet.querySelectorAll(".box")) old.remove();
    boxes.forEach((box, at) => {
      const item = document.createElement("div");
      item.className = "box";
      item.tabIndex = 0;
      item.setAttribute("role", "group");
      item.setAttribute("aria-label", `${part.dataset.label} ${at + 1}: ${box.join(", ")}`);
      [item.style.left, item.style.top, item.style.width, item.style.height] = box.map((value) => `${value / 10}%`);
      item.addEventListener("focus", () => { chosen = at; });
      item.addEventListener("keydown", (event) => keyed(event, at));
      item.addEventListener("pointerdown", (event) => dragged(event, at));
      sheet.append(item);
      if (at === focus) item.focus();
    });
    field.value = JSON.stringify(boxes);
    count.textContent = count.dataset.count.replace("#", boxes.length);
  };

  const keyed = (event, at) => {
    const box = boxes[at], step = event.altKey ? 2 : 10;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") {
      boxes.splice(at, 1);
      draw(Math.min(at, boxes.length - 1));
    } else if (move && event.shiftKey) {
      box[2] = clamp(box[2] + move[0], 5, 1000 - box[0]);
      box[3] = clamp(box[3] + move[1], 5, 1000 - box[1]);
      draw(at);
    } else if (move) {
      box[0] = clamp(box[0] + move[0], 0, 1000 - box[2]);
      box[1] = clamp(box[1] + move[1], 0, 1000 - box[3]);
      draw(at);
    } else return;
    event.preventDefault();
  };

  const place = (event) => {
    const size = sheet.getBoundingClientRect();
    return [clamp(((event.clientX - size.left) / size.width) * 1000, 0, 1000), clamp(((event.clientY - size.top) / size.height) * 1000, 0, 1000)];
  };

  const follow = (moved, ended) => {
    const done = () => {
      window.removeEventListener("pointermove", moved);
      window.removeEventListener("pointerup", done);
      window.removeEventListener("pointercancel", done);
      ended();
    };
    window.addEventListener("pointermove", moved);
    window.addEventListener("pointerup", done);
    window.addEventListener("pointercancel", done);
  };

  const dragged = (event, at) => {
    event.preventDefault();
    event.stopPropagation();
    const [left, top] = place(event), box = boxes[at], from = [...box];
    follow((now) => {
      const [x, y] = place(now);
      box[0] = clamp(from[0] + x - left, 0, 1000 - box[2]);
      box[1] = clamp(from[1] + y - top, 0, 1000 - box[3]);
      draw(-1);
    }, () => draw(at));
  };

  sheet.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const [left, top] = place(event);
    const box = [left, top, 0, 0];
    boxes.push(box);
    follow((now) => {
      const [x, y] = place(now);
      [box[0], box[1], box[2], box[3]] = [Math.min(left, x), Math.min(top, y), Math.abs(x - left), Math.abs(y - top)];
      draw(-1);
    }, () => {
      if (box[2] < 5 || box[3] < 5) boxes.pop();
      draw(boxes.length - 1);
    });
  });

  part.querySelector("[data-add]").addEventListener("click", () => {
    boxes.push([400, 400, 200, 100]);
    draw(boxes.length - 1);
  });
  part.querySelector("[data-drop]").addEventListener("click", () => {
    if (boxes[chosen]) boxes.splice(chosen, 1);
    chosen = -1;
    draw(-1);
  });
  draw(-1);
}
