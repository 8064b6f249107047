// The page's own words; the bot's words come from the bot. A language that lacks one shows the English word, and a language that
// the bot does not speak yet is not offered.

const rows = {
  pitch: [
    "Keeps a crypto portfolio balanced over spot and futures, and acts only after you confirm, or inside limits that you set.",
    "Mantiene equilibrada una cartera de criptomonedas entre spot y futuros, y solo actúa cuando confirmas, o dentro de los límites que fijes.",
    "Mantém uma carteira de cripto equilibrada entre spot e futuros e só age depois que você confirma.",
    "Держит криптопортфель в равновесии на споте и фьючерсах и действует только после вашего подтверждения или в заданных вами пределах.",
    "Spot ve vadeli işlemlerde kripto portföyünü dengede tutar; yalnızca siz onaylayınca işlem yapar.",
    "让你的加密资产组合在现货与合约之间保持平衡，只有你确认后才会执行。",
    "يحافظ على توازن محفظتك من العملات الرقمية بين السوق الفورية والعقود الآجلة، ولا يتصرف إلا بعد تأكيدك.",
    "Menjaga portofolio kripto tetap seimbang di spot dan futures, dan hanya bertindak setelah Anda mengonfirmasi.",
  ],
  market: ["Market clock", "Reloj del mercado", "Relógio do mercado", "Часы рынка", "Piyasa saati", "市场时钟", "ساعة السوق", "Jam pasar"],
  try: ["Try this", "Prueba esto", "Experimente", "Попробуйте", "Şunları deneyin", "试一试", "جرّب هذا", "Coba ini"],
  tryStart: [
    "choose a strategy", "elige una estrategia", "escolha uma estratégia", "выбрать стратегию",
    "bir strateji seçin", "选择策略", "اختر استراتيجية", "pilih strategi",
  ],
  tryStatus: [
    "weights, drift, exposure", "pesos, desvíos, exposición", "pesos, desvios, exposição", "доли, отклонения, экспозиция",
    "ağırlıklar, sapma, risk", "权重、偏离、敞口", "الأوزان والانحراف والتعرض", "bobot, selisih, eksposur",
  ],
  tryRebalance: [
    "a plan to confirm", "un plan para confirmar", "um plano para confirmar", "план на подтверждение",
    "onaylanacak bir plan", "待确认的计划", "خطة للتأكيد", "rencana untuk dikonfirmasi",
  ],
  tryTriggers: ["what moves the targets", "qué mueve los objetivos", "", "что двигает цели"],
  tryHedge: ["what protection costs and pays", "cuánto cuesta y paga protegerse", "", "чего стоит и что даёт защита"],
  tryWhy: [
    "what the last check saw", "qué vio la última revisión", "o que a última checagem viu", "что увидела последняя проверка",
    "son kontrolün gördüğü", "上次检查看到了什么", "ما رآه الفحص الأخير", "apa yang dilihat cek terakhir",
  ],
  keys: [
    "Type / for the menu. ↑ in an empty field brings your last message back.",
    "Escribe / para el menú. ↑ en un campo vacío recupera tu último mensaje.",
    "Digite / para o menu. ↑ no campo vazio traz de volta sua última mensagem.",
    "Введите / для меню. ↑ в пустом поле — ваше последнее сообщение снова.",
    "Menü için / yazın. Boş alanda ↑ son mesajınızı geri getirir.",
    "输入 / 打开菜单。空白时按 ↑ 找回上一条消息。",
    "اكتب / لفتح القائمة. ↑ في حقل فارغ يعيد رسالتك الأخيرة.",
    "Ketik / untuk menu. ↑ di kolom kosong memunculkan lagi pesan terakhir Anda.",
  ],
  private: [
    "Nothing leaves this machine", "Nada sale de este equipo", "Nada sai deste computador", "Ничего не покидает этот компьютер",
    "Hiçbir şey bu makineden çıkmaz", "数据不会离开本机", "لا شيء يغادر هذا الجهاز", "Tidak ada yang keluar dari mesin ini",
  ],
  what: [
    "What can this bot do?", "¿Qué puede hacer este bot?", "O que este bot faz?", "Что умеет этот бот?",
    "Bu bot ne yapabilir?", "这个机器人能做什么？", "ماذا يمكن لهذا البوت أن يفعل؟", "Apa yang bisa dilakukan bot ini?",
  ],
  start: ["Start", "Iniciar", "Iniciar", "Начать", "Başlat", "开始", "ابدأ", "Mulai"],
  lost: [
    "Connection lost, trying again…", "Sin conexión, reintentando…", "Sem conexão, tentando de novo…", "Связь потеряна, пробуем снова…",
    "Bağlantı koptu, yeniden deneniyor…", "连接中断，正在重试…", "انقطع الاتصال، تجري إعادة المحاولة…", "Koneksi terputus, mencoba lagi…",
  ],
  edited: ["edited", "editado", "editada", "изменено", "düzenlendi", "已编辑", "معدّلة", "diedit"],
  typing: ["typing…", "escribiendo…", "digitando…", "печатает…", "yazıyor…", "正在输入…", "يكتب…", "mengetik…"],
  bot: ["bot", "bot", "bot", "бот", "bot", "机器人", "بوت", "bot"],
  connecting: ["connecting…", "conectando…", "conectando…", "соединение…", "bağlanıyor…", "连接中…", "جارٍ الاتصال…", "menghubungkan…"],
  message: ["Message", "Mensaje", "Mensagem", "Сообщение", "Mesaj", "消息", "رسالة", "Pesan"],
  send: ["Send", "Enviar", "Enviar", "Отправить", "Gönder", "发送", "إرسال", "Kirim"],
  menu: ["Commands", "Comandos", "Comandos", "Команды", "Komutlar", "命令", "الأوامر", "Perintah"],
  newest: ["To the newest", "Al más reciente", "Ao mais recente", "К последним", "En yeniye", "回到最新", "إلى الأحدث", "Ke terbaru"],
  picture: [
    "Open the picture", "Abrir la imagen", "Abrir a imagem", "Открыть картинку", "Resmi aç", "打开图片", "افتح الصورة", "Buka gambar",
  ],
  whole: ["Show all", "Mostrar todo", "Mostrar tudo", "Показать всё", "Tümünü göster", "显示全部", "عرض الكل", "Tampilkan semua"],
  hidden: [
    "Show the hidden text", "Mostrar el texto oculto", "Mostrar o texto oculto", "Показать скрытый текст",
    "Gizli metni göster", "显示隐藏内容", "عرض النص المخفي", "Tampilkan teks tersembunyi",
  ],
  skip: [
    "To the message field", "Ir al campo de mensaje", "Ir para o campo de mensagem", "К полю сообщения",
    "Mesaj alanına git", "跳到消息输入框", "إلى حقل الرسالة", "Ke kolom pesan",
  ],
  close: ["Close", "Cerrar", "Fechar", "Закрыть", "Kapat", "关闭", "إغلاق", "Tutup"],
  copied: ["Copied", "Copiado", "Copiado", "Скопировано", "Kopyalandı", "已复制", "تم النسخ", "Disalin"],
  chat: ["Chat with the bot", "Chat con el bot", "Conversa com o bot", "Чат с ботом", "Botla sohbet", "与机器人聊天", "دردشة مع البوت", "Obrolan dengan bot"],
  language: ["Language", "Idioma", "Idioma", "Язык", "Dil", "语言", "اللغة", "Bahasa"],
  you: ["you", "tú", "você", "вы", "siz", "你", "أنت", "Anda"],
  note_simulated: ["Made-up prices", "Precios inventados", "", "Вымышленные цены"],
  note_replay: ["Recorded prices", "Precios grabados", "", "Записанные цены"],
  stage: ["Make something happen", "Haz que pase algo", "", "Устроить событие"],
  stageHint: [
    "It happens in the made-up market, within a minute; a plan that waits for your answer comes first. With a portfolio open, the bot tells you what it makes of it.",
    "Ocurre en el mercado inventado, en menos de un minuto; antes va un plan que espere tu respuesta. Con una cartera abierta, el bot te dice qué opina.",
    "",
    "Это произойдёт на вымышленном рынке в течение минуты; сначала — план, который ждёт вашего ответа. Если портфель открыт, бот расскажет, что он об этом думает.",
  ],
  moved: [
    "The market was moved forward to {moment}.", "El mercado se adelantó hasta el {moment}.", "", "Рынок переведён вперёд: {moment}.",
  ],
  slow_answer: [
    "Plan {plan} waits for your answer. Until then the market runs at real speed.",
    "El plan {plan} espera tu respuesta. Hasta entonces el mercado va a velocidad real.",
    "",
    "План {plan} ждёт вашего ответа. До тех пор рынок идёт с обычной скоростью.",
  ],
  slow_plan: [
    "Plan {plan} is being carried out. Until it is done the market runs slower.",
    "El plan {plan} se está ejecutando. Hasta que termine, el mercado va más despacio.",
    "",
    "План {plan} выполняется. До его завершения рынок идёт медленнее.",
  ],
  then: ["After that: {scene}.", "Después: {scene}.", "", "Потом: {scene}."],
  waits_answer: [
    "I wait until plan {plan} is answered, then: {scene}.",
    "Espero a que respondas al plan {plan}, y después: {scene}.",
    "",
    "Сначала жду ответа на план {plan}, потом: {scene}.",
  ],
  waits_plan: [
    "I wait until plan {plan} is done, then: {scene}.",
    "Espero a que termine el plan {plan}, y después: {scene}.",
    "",
    "Сначала жду завершения плана {plan}, потом: {scene}.",
  ],
  majors_jump: ["Bitcoin and Ether jump", "Bitcoin y Ether se disparan", "", "Биткоин и эфир взлетают"],
  majors_jump_is: [
    "They rise by 40% in four hours: BTC/ETH leaves its band.",
    "Suben un 40 % en cuatro horas: BTC/ETH sale de su banda.",
    "",
    "Рост на 40 % за четыре часа: BTC/ETH выходит из коридора.",
  ],
  alts_fall: ["Altcoins fall", "Caen las altcoins", "", "Альткоины падают"],
  alts_fall_is: [
    "All but BTC and ETH lose a third in six hours: a Balanced portfolio's ALT leaves its band.",
    "Todas menos BTC y ETH pierden un tercio en seis horas: ALT sale de su banda en una cartera Equilibrada.",
    "",
    "Все, кроме BTC и ETH, теряют треть за шесть часов: в сбалансированном портфеле ALT выходит из коридора.",
  ],
  wild_week: ["Volatility doubles", "La volatilidad se duplica", "", "Волатильность удваивается"],
  wild_week_is: [
    "Prices swing five times as far: at the next daily reading the volatility trigger cuts coins back.",
    "Los precios oscilan cinco veces más: en la próxima lectura diaria, el disparador de volatilidad recorta las monedas.",
    "",
    "Размах цен впятеро больше: при следующем дневном замере триггер волатильности сокращает монеты.",
  ],
  five_waves: ["A trend wears out", "Una tendencia se agota", "", "Тренд выдыхается"],
  five_waves_is: [
    "Five waves up, then a first fall: at the next daily bar the trend trigger proposes to trim long futures.",
    "Cinco ondas al alza y una primera caída: en la próxima vela diaria, el disparador de tendencia propone recortar futuros largos.",
    "",
    "Пять волн вверх и первое падение: на следующей дневной свече триггер тренда предлагает сократить длинные фьючерсы.",
  ],
  cheap_longs: ["Funding turns negative", "El funding pasa a negativo", "", "Фандинг уходит в минус"],
  cheap_longs_is: [
    "Three settlements below −0.01%: a Conservative portfolio's futures go up a step.",
    "Tres liquidaciones por debajo de −0,01 %: los futuros de una cartera Conservadora suben un escalón.",
    "",
    "Три расчёта ниже −0,01 %: фьючерсы консервативного портфеля поднимаются на ступень.",
  ],
  dear_longs: ["Funding runs hot", "El funding se recalienta", "", "Фандинг перегрет"],
  dear_longs_is: [
    "Three settlements above 0.05%: an Aggressive portfolio's net long is halved.",
    "Tres liquidaciones por encima de 0,05 %: el largo neto de una cartera Agresiva se reduce a la mitad.",
    "",
    "Три расчёта выше 0,05 %: чистый лонг агрессивного портфеля уменьшается вдвое.",
  ],
  panic: ["Extreme fear", "Miedo extremo", "", "Крайний страх"],
  panic_is: [
    "Fear & Greed falls below 25: a Balanced portfolio's futures go neutral.",
    "El índice de miedo y codicia cae por debajo de 25: los futuros de una cartera Equilibrada quedan neutrales.",
    "",
    "Индекс страха и жадности ниже 25: фьючерсы сбалансированного портфеля становятся нейтральными.",
  ],
  relief: ["Fear fades", "El miedo cede", "", "Страх отступает"],
  relief_is: [
    "Two readings above 30: after extreme fear, the futures come back.",
    "Dos lecturas por encima de 30: tras el miedo extremo, vuelven los futuros.",
    "",
    "Два значения выше 30: после крайнего страха фьючерсы возвращаются.",
  ],
  plunge: ["Everything plunges", "Todo se desploma", "", "Всё рушится"],
  plunge_is: [
    "All coins lose 28% in six hours. Long futures at three times leverage come within 10% of liquidation; the presets run at one time.",
    "Todas las monedas pierden un 28 % en seis horas. Los futuros largos con apalancamiento 3x quedan a menos del 10 % de la liquidación; las carteras predefinidas usan 1x.",
    "",
    "Все монеты теряют 28 % за шесть часов. Длинные фьючерсы с тройным плечом окажутся ближе 10 % от ликвидации; у готовых стратегий плечо одинарное.",
  ],
  squeeze: ["Everything shoots up", "Todo se dispara", "", "Всё взлетает"],
  squeeze_is: [
    "All coins gain 24% in six hours. Short futures at three times leverage, such as a large hedge, come within 10% of liquidation.",
    "Todas las monedas ganan un 24 % en seis horas. Los futuros cortos con apalancamiento 3x, como una gran cobertura, quedan a menos del 10 % de la liquidación.",
    "",
    "Все монеты растут на 24 % за шесть часов. Короткие фьючерсы с тройным плечом, например крупный хедж, окажутся ближе 10 % от ликвидации.",
  ],
  today: ["Today", "Hoy", "Hoje", "Сегодня", "Bugün", "今天", "اليوم", "Hari ini"],
};

const known = [
  ["en", "English"], ["es", "Español"], ["pt-br", "Português"], ["ru", "Русский"],
  ["tr", "Türkçe"], ["zh-hans", "简体中文"], ["ar", "العربية"], ["id", "Indonesia"],
];

/** The languages that are offered: [code, own name]. */
export let languages = known;

/** Offer only these codes; none: all that the page knows. */
export function offer(codes) {
  const spoken = known.filter(([code]) => codes.some((one) => one === code || one.slice(0, 2) === code.slice(0, 2)));
  languages = spoken.length ? spoken : known;
}

const tags = { "pt-br": "pt-BR", "zh-hans": "zh-Hans" };
let column = 0;

/** The page's word for `key` in the chosen language; undefined when there is none. */
export function word(key) {
  return rows[key] && (rows[key][column] || rows[key][0]);
}

/** BCP 47 tag of the chosen language, for numbers and times. */
export function tag() {
  const code = known[column][0];
  return tags[code] ?? code;
}

/** Choose a language by Telegram's code and write its words into the page. */
export function choose(code) {
  const found = languages.find(([one]) => one === code) ?? languages.find(([one]) => one.slice(0, 2) === code.slice(0, 2)) ?? known[0];
  column = known.indexOf(found);
  document.documentElement.lang = tag();
  document.documentElement.dir = found[0] === "ar" ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
}
