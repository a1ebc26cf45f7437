// The chat's own script. Every page works without it; with it, forms answer in place and pages stay live.
"use strict";
(() => {
  const body = document.body;
  const person = body.dataset.person;
  const $ = (query, within = document) => within.querySelector(query);
  const all = (query, within = document) => [...within.querySelectorAll(query)];
  if (!person) return;
  document.documentElement.classList.add("live");
  const dialog = $("#dialog");

  const element = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html; // from our own server's templates; the content security policy lets no script in it run
    return holder.content.firstElementChild;
  };

  // Notes: said aloud by the live regions, seen as toasts.
  const TOASTS = 2; // at once: more would cover the page
  const say = (text, refused = false) => {
    if (!text) return;
    const toast = document.createElement("p");
    toast.className = refused ? "toast refused" : "toast";
    toast.textContent = text;
    dress(toast, refused);
    const here = $(refused ? "#alerts" : "#notes");
    here.append(toast);
    if (here.children.length > TOASTS) here.firstElementChild.remove();
    return toast;
  };
  const dress = (toast, refused) => {
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", body.dataset.dismiss);
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    if (!refused) setTimeout(() => toast.matches(":hover") || toast.remove(), 9000);
  };

  // Focus: what is replaced gives it back to the same button, or to the heading of what came.
  const mark = () => {
    const active = document.activeElement;
    const home = active?.closest("[id^=m],[id^=d],#overview,#private,.middle,.beside");
    if (!active || active === body || !home) return null;
    const label = active.getAttribute("aria-labelledby");
    return { id: active.id, label, value: active.value, text: active.textContent.trim(), home: home.id };
  };
  const restore = (kept) => {
    if (!kept || (document.activeElement && document.activeElement !== body)) return;
    const home = document.getElementById(kept.home);
    if (!home) return;
    const same =
      (kept.id && document.getElementById(kept.id)) ||
      (kept.label && $(`button[aria-labelledby="${kept.label}"]`, home)) ||
      all("button,select,summary,a", home).find((node) => kept.value && node.value === kept.value) ||
      all("button", home).find((node) => kept.text && node.textContent.trim() === kept.text) ||
      $(".title", home);
    same?.focus({ preventScroll: true });
  };

  const enhance = (root) => {
    all("[data-copy],.keys,.try", root).forEach((node) => (node.hidden = false));
    all("select[data-choose]", root).forEach((select) => {
      // A mouse chooses at once; with the arrow keys one passes options, so there the button stays.
      select.parentElement.classList.add("quick");
    });
    all("time", root).forEach((time) => {
      time.title = new Date(time.dateTime).toLocaleString(document.documentElement.lang);
    });
  };

  // What somebody unfolded stays unfolded.
  const keepOpen = (old, next) => {
    const folds = all("details.fold", next);
    all("details.fold", old).forEach((fold, index) => folds[index] && (folds[index].open = fold.open));
  };

  const place = (article, html) => {
    const old = $("form.card", article);
    const kept = article.contains(document.activeElement) ? mark() : null;
    const card = element(html);
    keepOpen(old, card);
    old.replaceWith(card);
    enhance(card);
    restore(kept);
    // A tick leaves the page where it is; the next question, or the advice, is read from its beginning.
    if ($(".answers", old)) article.scrollIntoView({ block: "start" });
  };

  // A copy of the same message may stand in the middle and in the thread.
  const replaceCard = (form, html) => {
    const number = $("input[name=message]", form)?.value;
    const card = form.matches("form.card") ? form.closest("article") : null;
    const target = card ?? document.getElementById(`m${number}`) ?? document.getElementById(`d${number}`);
    if (!target) return false;
    place(target, html);
    return true;
  };

  const showPrivate = (html) => {
    const holder = $("#private");
    holder.innerHTML = html;
    enhance(holder);
    const heading = $(".title", holder);
    heading?.focus({ preventScroll: true });
    holder.scrollIntoView({ block: "start", behavior: "auto" });
  };

  const openForm = (html) => {
    dialog.innerHTML = html;
    enhance(dialog);
    if (!dialog.open) dialog.showModal();
    const first = $(".field :is(input,select,textarea)", dialog) ?? $("h2", dialog);
    first.focus();
  };
  let opener = null;
  dialog.addEventListener("close", () => {
    dialog.replaceChildren();
    if (opener?.id || opener?.home) restore(opener);
    opener = null;
    if (stale) look();
  });

  // Forms
  const busy = new WeakSet();
  let sent = -Infinity;
  const send = async (form, submitter) => {
    if (busy.has(form)) return;
    busy.add(form);
    form.setAttribute("aria-busy", "true");
    sent = performance.now();
    // Most answers are there at once; what takes longer shows it, and says so.
    const reads = all("input[type=file]", form).some((input) => input.files.length);
    const waiting = [
      setTimeout(() => submitter?.classList.add("pressed"), 250),
      setTimeout(() => ($("#announce").textContent = reads ? body.dataset.reading : body.dataset.busy), 700),
    ];
    if (reads) say_reading(form);
    const data = new FormData(form, submitter);
    const kept = mark();
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: form.enctype === "multipart/form-data" ? data : new URLSearchParams(data),
        headers: { Accept: "application/json" },
        redirect: "error",
      });
      const answer = await response.json();
      if (answer.problem === "token") return form.submit();
      await take(form, answer, kept);
    } catch {
      say(body.dataset.failed, true);
    } finally {
      busy.delete(form);
      form.removeAttribute("aria-busy");
      submitter?.classList.remove("pressed");
      waiting.forEach(clearTimeout);
      $(".reading", form)?.remove();
      // What was answered is a new event the next time.
      const nonce = $("input[name=nonce]", form);
      if (nonce) nonce.value = crypto.randomUUID();
      if (stale) look();
    }
  };
  const say_reading = (form) => {
    const line = document.createElement("p");
    line.className = "note reading";
    line.textContent = body.dataset.reading;
    $("[data-files]", form)?.after(line);
  };
  const take = async (form, answer, kept) => {
    const inDialog = dialog.contains(form);
    if (answer.refused && inDialog && !answer.card) {
      const alert = $("[data-alert]", form);
      alert.hidden = false;
      alert.textContent = answer.note;
      alert.scrollIntoView({ block: "nearest" });
      if (answer.form && !$(".field", form)) openForm(answer.form);
      return;
    }
    if (answer.back && answer.back !== location.pathname && !answer.refused && !answer.form) {
      if (answer.note) sessionStorage.setItem("note", answer.note); // said on the page that comes
      sessionStorage.setItem("arrive", "1");
      location.assign(answer.back);
      return;
    }
    if (!answer.refused) all("#alerts .toast").forEach((toast) => toast.remove()); // what was refused before is past
    say(answer.note, answer.refused);
    arriving = !answer.refused && !answer.private && form.matches(".middle [data-composer]");
    setTimeout(() => (arriving = false), 5000);
    if (!answer.refused && form.matches("[data-composer],[data-form]")) {
      form.reset();
      all("textarea", form).forEach((area) => (area.style.height = ""));
      all("[data-files]", form).forEach((list) => list.replaceChildren());
    }
    if (answer.form) {
      opener = opener ?? kept;
      openForm(answer.form);
      return;
    }
    if (answer.card) replaceCard(form, answer.card);
    if (inDialog) dialog.close();
    if (answer.private) showPrivate(answer.private);
    look();
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-act]")) return;
    event.preventDefault();
    if (form.matches("[data-composer]") && !$("textarea", form).value.trim() && !$("input[type=file]", form)?.files.length) {
      $("textarea", form).focus();
      return;
    }
    const submitter = event.submitter;
    submitter?.closest("[popover]")?.hidePopover?.();
    submitter?.closest("details.more")?.removeAttribute("open");
    send(form, submitter);
  });

  // A case that I opened just now: its card gets the focus, so that the next key answers its first question.
  let arriving = false;
  const go_to = (article) => {
    arriving = false;
    const active = document.activeElement;
    if (active && active !== body && (active.value || !active.matches(".middle textarea, .middle .send"))) return;
    $(".answers", article) && $(".title", article)?.focus({ preventScroll: true });
  };

  // The numbers before the answers are keys, for the card that holds the focus.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !/^[1-9]$/.test(event.key)) return;
    if (event.repeat || event.target.closest("input,textarea,select,[popover]")) return;
    const answers = all(".answers > li > .answer", event.target.closest("form.card") ?? document.createElement("form"));
    if (!answers[event.key - 1]) return;
    event.preventDefault();
    answers[event.key - 1].click();
  });

  // Selects
  document.addEventListener("keydown", (event) => {
    const select = event.target.closest?.("select[data-choose]");
    if (select && event.key !== "Tab") select.parentElement.classList.remove("quick");
  });
  document.addEventListener("pointerdown", (event) => {
    const select = event.target.closest?.("select[data-choose]");
    if (select) select.parentElement.classList.add("quick");
  });
  document.addEventListener("change", (event) => {
    const select = event.target;
    if (!select.matches?.("select[data-choose]") || !select.parentElement.classList.contains("quick") || !select.value) return;
    send(select.form, $("button", select.parentElement));
  });

  // Copying, menus, closing
  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const text = $(".copytext", copy.closest(".copy"));
      try {
        await navigator.clipboard.writeText(text.textContent);
        say(body.dataset.copied);
      } catch {
        getSelection().selectAllChildren(text);
      }
    }
    if (event.target.closest("[data-close]") && dialog.open) {
      event.preventDefault();
      dialog.close();
    }
    const example = event.target.closest("[data-example]");
    if (example) {
      const box = $(".middle [data-composer] textarea");
      box.value = example.textContent;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
    }
    const drop = event.target.closest("[data-drop]");
    if (drop) take_out(drop);
    all("details.more[open]").forEach((menu) => menu.contains(event.target) || menu.removeAttribute("open"));
  });
  // A menu that opens at the lower edge comes into sight whole.
  const unfold = (event) => {
    if (event.target.matches?.("details.more[open]")) $(".menu", event.target).scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("toggle", unfold, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = event.target.closest?.("details.more[open]");
      if (menu) {
        menu.removeAttribute("open");
        $("summary", menu).focus();
      }
    }
    const area = event.target;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && area.matches?.("[data-composer] textarea")) {
      if (matchMedia("(pointer: coarse)").matches) return;
      event.preventDefault();
      area.form.requestSubmit($("button.send", area.form));
    }
  });
  // Notes stand just above the box, however high it is.
  const bottom = $(".bottom");
  if (bottom) {
    new ResizeObserver(() => body.style.setProperty("--bottom", `${bottom.offsetHeight}px`)).observe(bottom);
  }
  document.addEventListener("input", (event) => {
    const area = event.target;
    if (!area.matches?.("[data-composer] textarea")) return;
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, innerHeight * 0.4)}px`;
  });

  // Screenshots: chosen, dropped or pasted; listed, and taken out again.
  const list = (input) => {
    const files = $("[data-files]", input.form);
    if (!files) return;
    files.replaceChildren(
      ...[...input.files].map((file, index) => {
        const item = document.createElement("li");
        const name = document.createElement("span");
        name.textContent = `${file.name} · ${Math.max(1, Math.round(file.size / 1024))} kB`;
        const out = document.createElement("button");
        out.type = "button";
        out.dataset.drop = index;
        out.textContent = "×";
        out.setAttribute("aria-label", `${body.dataset.remove} ${file.name}`);
        item.append(name, out);
        return item;
      }),
    );
  };
  const add = (input, files) => {
    const held = new DataTransfer();
    [...input.files, ...files].forEach((file) => held.items.add(file));
    input.files = held.files;
    list(input);
  };
  const take_out = (button) => {
    const input = $("input[type=file]", button.closest("form"));
    const held = new DataTransfer();
    [...input.files].forEach((file, index) => index === Number(button.dataset.drop) || held.items.add(file));
    input.files = held.files;
    list(input);
    input.focus();
  };
  const target = () => $("input[type=file][data-pictures]", dialog.open ? dialog : $("main"));
  const pictures = (data) => [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
  document.addEventListener("change", (event) => event.target.matches?.("[data-pictures]") && list(event.target));
  document.addEventListener("paste", (event) => {
    const found = pictures(event.clipboardData);
    if (found.length && target()) {
      event.preventDefault();
      add(target(), found);
    }
  });
  document.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files") || !target()) return;
    event.preventDefault();
    body.classList.add("dropping");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    body.classList.remove("dropping");
    const found = pictures(event.dataTransfer);
    if (!found.length || !target()) return;
    event.preventDefault();
    add(target(), found);
  });

  // Unread: what this browser has seen of each conversation.
  const seenKey = (path) => `seen:${path}`;
  const conversation = $("#log")?.dataset.conversation;
  const here = location.pathname.replace(/\/draad\/\d+$/, "");
  const marks = () => {
    const newest = $("#log").dataset.newest;
    if (conversation && newest && !document.hidden) localStorage.setItem(seenKey(here), newest);
    let count = 0;
    all("#nav a[data-newest]").forEach((link) => {
      const known = Number(localStorage.getItem(seenKey(link.pathname)) ?? 0);
      const fresh = Number(link.dataset.newest) > known;
      link.classList.toggle("unread", fresh);
      $(".dot", link)?.remove();
      if (fresh) {
        count += 1;
        const dot = document.createElement("span");
        dot.className = "dot";
        const words = document.createElement("span");
        words.className = "unseen";
        words.textContent = body.dataset.unread;
        dot.append(words);
        link.append(dot);
      }
    });
    document.title = (count ? `(${count}) ` : "") + document.title.replace(/^\(\d+\) /, "");
  };

  // Live: look again and take over what changed.
  let etag = "";
  let looking = false;
  let stale = false;
  // Nothing moves while a form is open or on its way, nor between the pressing and the letting go of a button: the click would be lost.
  const held = () => dialog.open || $("form[aria-busy]") || $(":is(button,a,summary):active");
  const look = async () => {
    stale = true;
    if (looking || held()) return;
    looking = true;
    try {
      while (stale && !held()) {
        stale = false;
        const response = await fetch(location.pathname + location.search.replace(/[?&]gezegd=[^&]*/, ""), {
          headers: { Accept: "text/html", ...(etag ? { "If-None-Match": etag } : {}) },
          cache: "no-store",
        });
        if (response.status === 200) {
          const page = new DOMParser().parseFromString(await response.text(), "text/html");
          if (held()) {
            stale = true;
            break;
          }
          etag = response.headers.get("ETag") ?? "";
          patch(page);
        }
      }
    } catch {
      stale = true; // the stream says when the server is back
    } finally {
      looking = false;
    }
  };
  for (const let_go of ["pointerup", "pointercancel", "keyup"]) document.addEventListener(let_go, () => setTimeout(() => stale && look()));
  const patch = (next) => {
    const kept = mark();
    const nav = $("#nav", next);
    if (nav) $("#nav").innerHTML = nav.innerHTML;
    const log = $("#log");
    const nextLog = $("#log", next);
    if (nextLog?.dataset.newest) log.dataset.newest = nextLog.dataset.newest;
    const overview = $("#overview");
    if (overview && $("#overview", next) && !$("details[open],[popover]:popover-open", overview)) {
      overview.replaceWith(document.adoptNode($("#overview", next)));
      enhance($("#overview"));
    }
    let fresh = patchLog(log, nextLog) + patchLog($("#threadlog"), $("#threadlog", next));
    marks();
    restore(kept);
    if (fresh) $("#announce").textContent = body.dataset.fresh;
  };
  const patchLog = (log, next) => {
    if (!log || !next) return 0;
    let fresh = 0;
    const end = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
    let last = null;
    all("article.message", next).forEach((article) => {
      const old = document.getElementById(article.id);
      if (!old) {
        fresh += 1;
        last = article;
        append(log, article);
      } else if (old.dataset.version !== article.dataset.version) {
        if ($("details.more[open],[popover]:popover-open", old)) {
          etag = ""; // somebody is choosing here: take it over at the next look
          return;
        }
        const copy = document.adoptNode(article);
        keepOpen(old, copy);
        old.replaceWith(copy);
        enhance(copy);
        const tail = $(".tail", copy);
        if (tail && tail.textContent !== $(".tail", old)?.textContent) tell(copy, tail);
      } else {
        const tail = $(".tail", article);
        const known = $(".tail", old);
        if (!tail || !known || tail.textContent === known.textContent) return;
        known.innerHTML = tail.innerHTML;
        tell(article, known);
      }
    });
    if (last && (end || (arriving && last.id.startsWith("m")))) document.getElementById(last.id).scrollIntoView({ block: "start" });
    if (last && arriving && last.id.startsWith("m")) go_to(document.getElementById(last.id));
    return fresh;
  };
  // Somebody wrote in a thread whose message may be out of sight: say so once, with the way to it. What I did myself I know.
  const tell = (article, tail) => {
    const way = $("a", tail).cloneNode(true);
    if (new URL(way.href).pathname === location.pathname || performance.now() - sent < 3000) return;
    $("svg", way)?.remove();
    all("#notes .toast").forEach((toast) => $("a", toast)?.href === way.href && toast.remove());
    const title = $(".title", article)?.textContent;
    say(title ? `${title}: ` : " ");
    $("#notes").lastElementChild.firstChild.after(way);
  };
  const append = (log, article) => {
    const day = article.closest("[data-day]");
    all(".empty,.begin", log).forEach((node) => node.remove());
    let home = log;
    if (day) {
      home = $(`[data-day="${day.dataset.day}"]`, log);
      if (!home) {
        home = day.cloneNode(false);
        home.append($(".dayname", day).cloneNode(true));
        log.insertBefore(home, $("#private", log));
      }
    }
    home.append(document.adoptNode(article));
    enhance(article);
  };

  // One stream a browser: the tab that holds the lock listens and tells the others.
  const channel = new BroadcastChannel("antenne");
  let timer = 0;
  const poke = () => {
    clearTimeout(timer);
    timer = setTimeout(() => look(), document.hidden ? 2500 : 120);
  };
  channel.addEventListener("message", poke);
  const listen = () =>
    new Promise(() => {
      const stream = new EventSource("/live");
      let lost = false;
      stream.addEventListener("look", () => {
        poke();
        channel.postMessage("look");
      });
      stream.addEventListener("open", () => {
        if (lost) {
          all("#alerts .offline").forEach((toast) => toast.remove());
          say(body.dataset.back);
        }
        lost = false;
        poke(); // for what changed while nobody listened
        channel.postMessage("look");
      });
      stream.addEventListener("error", () => {
        if (!lost) say(body.dataset.offline, true)?.classList.add("offline");
        lost = true;
        if (stream.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
      });
    });
  setTimeout(poke, 1500); // for what changed between this page and the stream
  if (navigator.locks) navigator.locks.request("antenne-live", listen);
  else listen();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    marks();
    look();
  });

  // Begin where the newest message begins.
  enhance(document);
  say(sessionStorage.getItem("note"));
  sessionStorage.removeItem("note");
  all(".toast:not(:has(button))").forEach((toast) => dress(toast, toast.matches(".refused")));
  marks();
  const begin = () => {
    if (/^#[md]\d+$/.test(location.hash)) document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "start" });
    else {
      for (const log of all("[data-log]")) {
        const articles = all("article.message", log);
        const last = articles.at(-1);
        if (last) last.scrollIntoView({ block: "start" });
      }
      if ($("#private").firstElementChild) $("#private").scrollIntoView({ block: "start" });
    }
  };
  begin();
  if (sessionStorage.getItem("arrive") && conversation) go_to(all("#log article.message").at(-1));
  sessionStorage.removeItem("arrive");
  // The browser itself goes to the end of the page that an address names, once all of it is there.
  addEventListener("load", () => requestAnimationFrame(begin));
})();
