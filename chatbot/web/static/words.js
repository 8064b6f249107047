// The page's own words in the languages of the bot; the bot's words come from the bot.

const rows = {
  pitch: [
    "Keeps a crypto portfolio balanced over spot and futures, and acts only after you confirm.",
    "Mantiene equilibrada una cartera de criptomonedas entre spot y futuros, y solo actúa cuando confirmas.",
    "Mantém uma carteira de cripto equilibrada entre spot e futuros e só age depois que você confirma.",
    "Держит криптопортфель в равновесии на споте и фьючерсах и действует только после вашего подтверждения.",
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
  tryWhy: [
    "what the last check saw", "qué vio la última revisión", "o que a última checagem viu", "что увидела последняя проверка",
    "son kontrolün gördüğü", "上次检查看到了什么", "ما رآه الفحص الأخير", "apa yang dilihat cek terakhir",
  ],
  keys: [
    "Type / for the menu. ↑ in an empty field edits your last message.",
    "Escribe / para el menú. ↑ en un campo vacío edita tu último mensaje.",
    "Digite / para o menu. ↑ no campo vazio edita sua última mensagem.",
    "Введите / для меню. ↑ в пустом поле — правка последнего сообщения.",
    "Menü için / yazın. Boş alanda ↑ son mesajınızı düzenler.",
    "输入 / 打开菜单。空白时按 ↑ 编辑上一条消息。",
    "اكتب / لفتح القائمة. ↑ في حقل فارغ يعدّل رسالتك الأخيرة.",
    "Ketik / untuk menu. ↑ di kolom kosong mengubah pesan terakhir Anda.",
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
  editing: [
    "Editing your message", "Editando tu mensaje", "Editando sua mensagem", "Правка сообщения",
    "Mesajınızı düzenliyorsunuz", "正在编辑消息", "تعديل رسالتك", "Mengubah pesan Anda",
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
  close: ["Close", "Cerrar", "Fechar", "Закрыть", "Kapat", "关闭", "إغلاق", "Tutup"],
  copied: ["Copied", "Copiado", "Copiado", "Скопировано", "Kopyalandı", "已复制", "تم النسخ", "Disalin"],
  chat: ["Chat with the bot", "Chat con el bot", "Conversa com o bot", "Чат с ботом", "Botla sohbet", "与机器人聊天", "دردشة مع البوت", "Obrolan dengan bot"],
  language: ["Language", "Idioma", "Idioma", "Язык", "Dil", "语言", "اللغة", "Bahasa"],
  you: ["you", "tú", "você", "вы", "siz", "你", "أنت", "Anda"],
  today: ["Today", "Hoy", "Hoje", "Сегодня", "Bugün", "今天", "اليوم", "Hari ini"],
};

export const languages = [
  ["en", "English"], ["es", "Español"], ["pt-br", "Português"], ["ru", "Русский"],
  ["tr", "Türkçe"], ["zh-hans", "简体中文"], ["ar", "العربية"], ["id", "Indonesia"],
];

const tags = { "pt-br": "pt-BR", "zh-hans": "zh-Hans" };
let column = 0;

/** The page's word for `key` in the chosen language. */
export function word(key) {
  return rows[key][column];
}

/** BCP 47 tag of the chosen language, for numbers and times. */
export function tag() {
  const code = languages[column][0];
  return tags[code] ?? code;
}

/** Choose a language by Telegram's code and write its words into the page. */
export function choose(code) {
  column = Math.max(0, languages.findIndex(([known]) => known === code || known.slice(0, 2) === code.slice(0, 2)));
  document.documentElement.lang = tag();
  document.documentElement.dir = code.startsWith("ar") ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
}
