BEGIN TRANSACTION;
CREATE TABLE pf_accounts (
	portfolio_id BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_pf_accounts PRIMARY KEY (portfolio_id), 
	CONSTRAINT fk_pf_accounts_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES pf_portfolios (id) ON DELETE CASCADE
);
INSERT INTO "pf_accounts" VALUES(1,'{"quote":"USDT","spot":{"USDT":"992.06580610","ADA":"2220.3","BNB":"1.8166","BTC":"0.0333","ETH":"0.6661","SOL":"6.661","XRP":"1665.2"},"futures_wallet":"997.71084785","positions":{"ETH-PERP":["0.166","499.86750"],"BTC-PERP":["-0.008","-478.3552"]},"leverage":{"BTC-PERP":"3","ETH-PERP":"3"},"orders":[{"client_id":"b1-0-1","instrument":"ADA","side":"buy","qty":"2220.3","limit":"0.44977","flags":[true,false,false],"number":1,"at":"2026-01-05T09:00:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-0-2","instrument":"ADA","side":"buy","qty":"2220.3","limit":"0.44969","flags":[true,false,false],"number":2,"at":"2026-01-05T09:01:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-0-3","instrument":"ADA","side":"buy","qty":"2220.3","limit":"0.44960","flags":[true,false,false],"number":3,"at":"2026-01-05T09:02:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-0-4","instrument":"ADA","side":"buy","qty":"2220.3","limit":"0.44952","flags":[true,false,false],"number":4,"at":"2026-01-05T09:03:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-0-5","instrument":"ADA","side":"buy","qty":"2220.3","limit":"0.44943","flags":[true,false,false],"number":5,"at":"2026-01-05T09:04:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-0-6","instrument":"ADA","side":"buy","qty":"2220.3","limit":"0.44935","flags":[true,false,false],"number":6,"at":"2026-01-05T09:05:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-0-7","instrument":"ADA","side":"buy","qty":"2220.3","limit":"0.45091","flags":[false,true,false],"number":7,"at":"2026-01-05T09:06:00+00:00","status":"filled","done":["2220.3","998.335692","0.99833569"],"taking":true},{"client_id":"b1-1-1","instrument":"BNB","side":"buy","qty":"1.8166","limit":"549.10","flags":[true,false,false],"number":8,"at":"2026-01-05T09:06:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-1-2","instrument":"BNB","side":"buy","qty":"1.8166","limit":"549.23","flags":[true,false,false],"number":9,"at":"2026-01-05T09:07:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-1-3","instrument":"BNB","side":"buy","qty":"1.8166","limit":"549.35","flags":[true,false,false],"number":10,"at":"2026-01-05T09:08:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-1-4","instrument":"BNB","side":"buy","qty":"1.8166","limit":"549.48","flags":[true,false,false],"number":11,"at":"2026-01-05T09:09:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-1-5","instrument":"BNB","side":"buy","qty":"1.8166","limit":"549.60","flags":[true,false,false],"number":12,"at":"2026-01-05T09:10:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-1-6","instrument":"BNB","side":"buy","qty":"1.8166","limit":"549.61","flags":[true,false,false],"number":13,"at":"2026-01-05T09:11:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-1-7","instrument":"BNB","side":"buy","qty":"1.8166","limit":"551.54","flags":[false,true,false],"number":14,"at":"2026-01-05T09:12:00+00:00","status":"filled","done":["1.8166","999.039170","0.99903917"],"taking":true},{"client_id":"b1-2-1","instrument":"BTC","side":"buy","qty":"0.0333","limit":"59970","flags":[true,false,false],"number":15,"at":"2026-01-05T09:12:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-2-2","instrument":"BTC","side":"buy","qty":"0.0333","limit":"59995.18","flags":[true,false,false],"number":16,"at":"2026-01-05T09:13:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-2-3","instrument":"BTC","side":"buy","qty":"0.0333","limit":"60000.20","flags":[true,false,false],"number":17,"at":"2026-01-05T09:14:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-2-4","instrument":"BTC","side":"buy","qty":"0.0333","limit":"60005.22","flags":[true,false,false],"number":18,"at":"2026-01-05T09:15:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-2-5","instrument":"BTC","side":"buy","qty":"0.0333","limit":"59999.08","flags":[true,false,false],"number":19,"at":"2026-01-05T09:16:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-2-6","instrument":"BTC","side":"buy","qty":"0.0333","limit":"59992.92","flags":[true,false,false],"number":20,"at":"2026-01-05T09:17:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-2-7","instrument":"BTC","side":"buy","qty":"0.0333","limit":"60196.83","flags":[false,true,false],"number":21,"at":"2026-01-05T09:18:00+00:00","status":"filled","done":["0.0333","1998.639027","1.99863902"],"taking":true},{"client_id":"b1-3-1","instrument":"ETH","side":"buy","qty":"0.6661","limit":"2998.5","flags":[true,false,false],"number":22,"at":"2026-01-05T09:18:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-3-2","instrument":"ETH","side":"buy","qty":"0.6661","limit":"3007.45","flags":[true,false,false],"number":23,"at":"2026-01-05T09:19:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-3-3","instrument":"ETH","side":"buy","qty":"0.6661","limit":"3007.61","flags":[true,false,false],"number":24,"at":"2026-01-05T09:20:00+00:00","status":"filled","done":["0.6661","2003.369021","2.00336902"],"taking":false},{"client_id":"b1-4-1","instrument":"SOL","side":"buy","qty":"6.661","limit":"149.92","flags":[true,false,false],"number":25,"at":"2026-01-05T09:21:00+00:00","status":"filled","done":["6.661","998.61712","0.99861712"],"taking":false},{"client_id":"b1-5-1","instrument":"XRP","side":"buy","qty":"1665.2","limit":"0.5997","flags":[true,false,false],"number":26,"at":"2026-01-05T09:22:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-5-2","instrument":"XRP","side":"buy","qty":"1665.2","limit":"0.6009","flags":[true,false,false],"number":27,"at":"2026-01-05T09:23:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-5-3","instrument":"XRP","side":"buy","qty":"1665.2","limit":"0.6007","flags":[true,false,false],"number":28,"at":"2026-01-05T09:24:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-5-4","instrument":"XRP","side":"buy","qty":"1665.2","limit":"0.6005","flags":[true,false,false],"number":29,"at":"2026-01-05T09:25:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-5-5","instrument":"XRP","side":"buy","qty":"1665.2","limit":"0.6008","flags":[true,false,false],"number":30,"at":"2026-01-05T09:26:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-5-6","instrument":"XRP","side":"buy","qty":"1665.2","limit":"0.6011","flags":[true,false,false],"number":31,"at":"2026-01-05T09:27:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-5-7","instrument":"XRP","side":"buy","qty":"1665.2","limit":"0.6035","flags":[false,true,false],"number":32,"at":"2026-01-05T09:28:00+00:00","status":"filled","done":["1665.2","1002.28388","1.00228388"],"taking":true},{"client_id":"b1-7-1","instrument":"BTC-PERP","side":"buy","qty":"0.008","limit":"59781.9","flags":[true,false,false],"number":33,"at":"2026-01-05T09:28:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-7-2","instrument":"BTC-PERP","side":"buy","qty":"0.008","limit":"59792.8","flags":[true,false,false],"number":34,"at":"2026-01-05T09:29:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-7-3","instrument":"BTC-PERP","side":"buy","qty":"0.008","limit":"59803.7","flags":[true,false,false],"number":35,"at":"2026-01-05T09:30:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-7-4","instrument":"BTC-PERP","side":"buy","qty":"0.008","limit":"59823.6","flags":[true,false,false],"number":36,"at":"2026-01-05T09:31:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-7-5","instrument":"BTC-PERP","side":"buy","qty":"0.008","limit":"59843.5","flags":[true,false,false],"number":37,"at":"2026-01-05T09:32:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-7-6","instrument":"BTC-PERP","side":"buy","qty":"0.008","limit":"59863.5","flags":[true,false,false],"number":38,"at":"2026-01-05T09:33:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-7-7","instrument":"BTC-PERP","side":"buy","qty":"0.008","limit":"60093.0","flags":[false,true,false],"number":39,"at":"2026-01-05T09:34:00+00:00","status":"filled","done":["0.008","479.3264","0.23966320"],"taking":true},{"client_id":"b1-8-1","instrument":"ETH-PERP","side":"buy","qty":"0.166","limit":"2999.09","flags":[true,false,false],"number":40,"at":"2026-01-05T09:34:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-8-2","instrument":"ETH-PERP","side":"buy","qty":"0.166","limit":"3010.18","flags":[true,false,false],"number":41,"at":"2026-01-05T09:35:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-8-3","instrument":"ETH-PERP","side":"buy","qty":"0.166","limit":"3010.06","flags":[true,false,false],"number":42,"at":"2026-01-05T09:36:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-8-4","instrument":"ETH-PERP","side":"buy","qty":"0.166","limit":"3009.94","flags":[true,false,false],"number":43,"at":"2026-01-05T09:37:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-8-5","instrument":"ETH-PERP","side":"buy","qty":"0.166","limit":"3009.82","flags":[true,false,false],"number":44,"at":"2026-01-05T09:38:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-8-6","instrument":"ETH-PERP","side":"buy","qty":"0.166","limit":"3009.70","flags":[true,false,false],"number":45,"at":"2026-01-05T09:39:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b1-8-7","instrument":"ETH-PERP","side":"buy","qty":"0.166","limit":"3020.12","flags":[false,true,false],"number":46,"at":"2026-01-05T09:40:00+00:00","status":"filled","done":["0.166","499.86750","0.24993375"],"taking":true},{"client_id":"b2-0-1","instrument":"BTC-PERP","side":"sell","qty":"0.016","limit":"59899.5","flags":[true,false,false],"number":47,"at":"2026-01-05T09:43:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b2-0-2","instrument":"BTC-PERP","side":"sell","qty":"0.016","limit":"59894.7","flags":[true,false,false],"number":48,"at":"2026-01-05T09:44:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b2-0-3","instrument":"BTC-PERP","side":"sell","qty":"0.016","limit":"59890.0","flags":[true,false,false],"number":49,"at":"2026-01-05T09:45:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b2-0-4","instrument":"BTC-PERP","side":"sell","qty":"0.016","limit":"59874.2","flags":[true,false,false],"number":50,"at":"2026-01-05T09:46:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b2-0-5","instrument":"BTC-PERP","side":"sell","qty":"0.016","limit":"59858.4","flags":[true,false,false],"number":51,"at":"2026-01-05T09:47:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b2-0-6","instrument":"BTC-PERP","side":"sell","qty":"0.016","limit":"59842.6","flags":[true,false,false],"number":52,"at":"2026-01-05T09:48:00+00:00","status":"canceled","done":["0","0","0"],"taking":false},{"client_id":"b2-0-7","instrument":"BTC-PERP","side":"sell","qty":"0.016","limit":"59617.5","flags":[false,true,false],"number":53,"at":"2026-01-05T09:49:00+00:00","status":"filled","done":["0.016","956.7104","0.47835520"],"taking":true}],"transfers":["b1-6-1"],"matched_at":"2025-01-06T00:49:00+00:00","taken":{"ADA":[28935366,"2220.3"],"BNB":[28935372,"1.8166"],"BTC":[28935378,"0.0333"],"ETH":[28935381,"0.6661"],"SOL":[28935382,"6.661"],"XRP":[28935388,"1665.2"],"BTC-PERP":[28935409,"0.016"],"ETH-PERP":[28935400,"0.166"]},"late":[],"number":54,"totals":["8.96823605","0","0"]}');
INSERT INTO "pf_accounts" VALUES(2,'{"quote":"USDT","spot":{"USDT":"2000","BTC":"0.5","ETH":"4"},"futures_wallet":"0","positions":{},"leverage":{},"orders":[],"transfers":[],"matched_at":null,"taken":{},"late":[],"number":1,"totals":["0","0","0"]}');
CREATE TABLE pf_alerts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	portfolio_id BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	line TEXT NOT NULL, 
	body TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT fk_pf_alerts_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES pf_portfolios (id) ON DELETE CASCADE
);
CREATE TABLE pf_checks (
	portfolio_id BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_pf_checks PRIMARY KEY (portfolio_id), 
	CONSTRAINT fk_pf_checks_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES pf_portfolios (id) ON DELETE CASCADE
);
INSERT INTO "pf_checks" VALUES(1,1767606060000000,'{"at":"2026-01-05T09:41:00Z","shape":{"value":"9991.61018377946","lines":[{"line":"CORE","weight":"0.40024026067311084232035206320308246765552636249812583600943019654874075054756553","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"ALT","weight":"0.40049735321903203727697843155778031935435571548819038770195535763945984970522209","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"STABLE","weight":"0.099289882997090450821392686152471492677287385153560846717052658500210639653357042","target":"0.1","band":"0.05","breach":null,"base":null},{"line":"FUTURES","weight":"0.099972503110766669581276819086665720312830536860122929571561787311588760093855337","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.89871179013839536498445941711627454739089160493229138517317556131812479227653376","gross":"0.89871179013839536498445941711627454739089160493229138517317556131812479227653376","futures_net":"0.097974176246252485387128922355411760381009526945975161461790007129924192023746138","beta":"1.0038859592201755786038597442249149326892277745465817597792006835663901155607505","leverage":"0.98001123506630522921488206201520483908413612366160533434065017561281041870404411","values":{"ADA":"999.357030","BNB":"999.9565530","BTC":"1993.567437","ETH":"2005.4772275","SOL":"1001.34813","XRP":"1000.95172","USDT":"992.06580610","FUTURES":"998.88628017946"},"liquidation":null,"book":{"BTC-PERP":"479.03088194888","ETH-PERP":"499.88889518058"},"exposure":{"line":"net","weight":"0.097974176246252485387128922355411760381009526945975161461790007129924192023746138","target":"0.1","band":"0.05","breach":null,"base":null}},"problems":[],"fired":[],"held_back":"inside"}');
INSERT INTO "pf_checks" VALUES(2,1767606720000000,'{"at":"2026-01-05T09:52:00Z","shape":{"value":"43907.24250000","lines":[{"line":"CORE","weight":"0.95444942824637643778244557261823035231602166772372462242419345737778909709485855","target":"0.400000000000000000000000000000","band":"0.05","breach":"over","base":null},{"line":"ALT","weight":"0E+2","target":"0.4","band":"0.05","breach":"under","base":null},{"line":"STABLE","weight":"0.045550571753623562217554427381769647683978332276275377575806542622210902905141447","target":"0.1","band":"0.05","breach":"under","base":null},{"line":"FUTURES","weight":"0","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.95444942824637643778244557261823035231602166772372462242419345737778909709485855","gross":"0.95444942824637643778244557261823035231602166772372462242419345737778909709485855","futures_net":"0","beta":"0.98185943924854766272329673174078285604020794519264105460505746859416188570712451","leverage":"0","values":{"ADA":"0.000000","BNB":"0.00","BTC":"29872.2625","ETH":"12034.980","SOL":"0.00","XRP":"0.00000","USDT":"2000","FUTURES":"0E-8"},"liquidation":null,"book":{},"exposure":{"line":"net","weight":"0","target":"0.1","band":"0.05","breach":"under","base":null}},"problems":[],"fired":[],"held_back":"plan_open"}');
CREATE TABLE pf_dialogs (
	person_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	data TEXT NOT NULL, 
	CONSTRAINT pk_pf_dialogs PRIMARY KEY (person_id)
);
CREATE TABLE pf_events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	plan_id BIGINT NOT NULL, 
	leg_index INTEGER, 
	name TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT fk_pf_events_plan_id FOREIGN KEY(plan_id) REFERENCES pf_plans (id) ON DELETE CASCADE
);
INSERT INTO "pf_events" VALUES(1,1,NULL,'confirmed','{"person":42}',1795840942327669);
INSERT INTO "pf_events" VALUES(2,1,NULL,'begun','{}',1767603600000000);
INSERT INTO "pf_events" VALUES(3,1,NULL,'sized','{"0":"2220.3","1":"1.8166","2":"0.0333","3":"0.6661","4":"6.661","5":"1665.2"}',1767603600000000);
INSERT INTO "pf_events" VALUES(4,1,0,'sent','{"client_id":"b1-0-1","qty":"2220.3","limit":"0.44977"}',1767603600000000);
INSERT INTO "pf_events" VALUES(5,1,0,'open','{"client_id":"b1-0-1","filled":"0","status":"open"}',1767603600000000);
INSERT INTO "pf_events" VALUES(6,1,0,'canceled','{"client_id":"b1-0-1","filled":"0","status":"canceled"}',1767603660000000);
INSERT INTO "pf_events" VALUES(7,1,0,'requoted','{"client_id":"b1-0-2","qty":"2220.3","limit":"0.44969"}',1767603660000000);
INSERT INTO "pf_events" VALUES(8,1,0,'open','{"client_id":"b1-0-2","filled":"0","status":"open"}',1767603660000000);
INSERT INTO "pf_events" VALUES(9,1,0,'canceled','{"client_id":"b1-0-2","filled":"0","status":"canceled"}',1767603720000000);
INSERT INTO "pf_events" VALUES(10,1,0,'requoted','{"client_id":"b1-0-3","qty":"2220.3","limit":"0.44960"}',1767603720000000);
INSERT INTO "pf_events" VALUES(11,1,0,'open','{"client_id":"b1-0-3","filled":"0","status":"open"}',1767603720000000);
INSERT INTO "pf_events" VALUES(12,1,0,'canceled','{"client_id":"b1-0-3","filled":"0","status":"canceled"}',1767603780000000);
INSERT INTO "pf_events" VALUES(13,1,0,'requoted','{"client_id":"b1-0-4","qty":"2220.3","limit":"0.44952"}',1767603780000000);
INSERT INTO "pf_events" VALUES(14,1,0,'open','{"client_id":"b1-0-4","filled":"0","status":"open"}',1767603780000000);
INSERT INTO "pf_events" VALUES(15,1,0,'canceled','{"client_id":"b1-0-4","filled":"0","status":"canceled"}',1767603840000000);
INSERT INTO "pf_events" VALUES(16,1,0,'requoted','{"client_id":"b1-0-5","qty":"2220.3","limit":"0.44943"}',1767603840000000);
INSERT INTO "pf_events" VALUES(17,1,0,'open','{"client_id":"b1-0-5","filled":"0","status":"open"}',1767603840000000);
INSERT INTO "pf_events" VALUES(18,1,0,'canceled','{"client_id":"b1-0-5","filled":"0","status":"canceled"}',1767603900000000);
INSERT INTO "pf_events" VALUES(19,1,0,'requoted','{"client_id":"b1-0-6","qty":"2220.3","limit":"0.44935"}',1767603900000000);
INSERT INTO "pf_events" VALUES(20,1,0,'open','{"client_id":"b1-0-6","filled":"0","status":"open"}',1767603900000000);
INSERT INTO "pf_events" VALUES(21,1,0,'canceled','{"client_id":"b1-0-6","filled":"0","status":"canceled"}',1767603960000000);
INSERT INTO "pf_events" VALUES(22,1,0,'crossed','{"client_id":"b1-0-7","qty":"2220.3","limit":"0.45091"}',1767603960000000);
INSERT INTO "pf_events" VALUES(23,1,0,'filled','{"client_id":"b1-0-7","filled":"2220.3","status":"filled"}',1767603960000000);
INSERT INTO "pf_events" VALUES(24,1,1,'sent','{"client_id":"b1-1-1","qty":"1.8166","limit":"549.10"}',1767603960000000);
INSERT INTO "pf_events" VALUES(25,1,1,'open','{"client_id":"b1-1-1","filled":"0","status":"open"}',1767603960000000);
INSERT INTO "pf_events" VALUES(26,1,1,'canceled','{"client_id":"b1-1-1","filled":"0","status":"canceled"}',1767604020000000);
INSERT INTO "pf_events" VALUES(27,1,1,'requoted','{"client_id":"b1-1-2","qty":"1.8166","limit":"549.23"}',1767604020000000);
INSERT INTO "pf_events" VALUES(28,1,1,'open','{"client_id":"b1-1-2","filled":"0","status":"open"}',1767604020000000);
INSERT INTO "pf_events" VALUES(29,1,1,'canceled','{"client_id":"b1-1-2","filled":"0","status":"canceled"}',1767604080000000);
INSERT INTO "pf_events" VALUES(30,1,1,'requoted','{"client_id":"b1-1-3","qty":"1.8166","limit":"549.35"}',1767604080000000);
INSERT INTO "pf_events" VALUES(31,1,1,'open','{"client_id":"b1-1-3","filled":"0","status":"open"}',1767604080000000);
INSERT INTO "pf_events" VALUES(32,1,1,'canceled','{"client_id":"b1-1-3","filled":"0","status":"canceled"}',1767604140000000);
INSERT INTO "pf_events" VALUES(33,1,1,'requoted','{"client_id":"b1-1-4","qty":"1.8166","limit":"549.48"}',1767604140000000);
INSERT INTO "pf_events" VALUES(34,1,1,'open','{"client_id":"b1-1-4","filled":"0","status":"open"}',1767604140000000);
INSERT INTO "pf_events" VALUES(35,1,1,'canceled','{"client_id":"b1-1-4","filled":"0","status":"canceled"}',1767604200000000);
INSERT INTO "pf_events" VALUES(36,1,1,'requoted','{"client_id":"b1-1-5","qty":"1.8166","limit":"549.60"}',1767604200000000);
INSERT INTO "pf_events" VALUES(37,1,1,'open','{"client_id":"b1-1-5","filled":"0","status":"open"}',1767604200000000);
INSERT INTO "pf_events" VALUES(38,1,1,'canceled','{"client_id":"b1-1-5","filled":"0","status":"canceled"}',1767604260000000);
INSERT INTO "pf_events" VALUES(39,1,1,'requoted','{"client_id":"b1-1-6","qty":"1.8166","limit":"549.61"}',1767604260000000);
INSERT INTO "pf_events" VALUES(40,1,1,'open','{"client_id":"b1-1-6","filled":"0","status":"open"}',1767604260000000);
INSERT INTO "pf_events" VALUES(41,1,1,'canceled','{"client_id":"b1-1-6","filled":"0","status":"canceled"}',1767604320000000);
INSERT INTO "pf_events" VALUES(42,1,1,'crossed','{"client_id":"b1-1-7","qty":"1.8166","limit":"551.54"}',1767604320000000);
INSERT INTO "pf_events" VALUES(43,1,1,'filled','{"client_id":"b1-1-7","filled":"1.8166","status":"filled"}',1767604320000000);
INSERT INTO "pf_events" VALUES(44,1,2,'sent','{"client_id":"b1-2-1","qty":"0.0333","limit":"59970"}',1767604320000000);
INSERT INTO "pf_events" VALUES(45,1,2,'open','{"client_id":"b1-2-1","filled":"0","status":"open"}',1767604320000000);
INSERT INTO "pf_events" VALUES(46,1,2,'canceled','{"client_id":"b1-2-1","filled":"0","status":"canceled"}',1767604380000000);
INSERT INTO "pf_events" VALUES(47,1,2,'requoted','{"client_id":"b1-2-2","qty":"0.0333","limit":"59995.18"}',1767604380000000);
INSERT INTO "pf_events" VALUES(48,1,2,'open','{"client_id":"b1-2-2","filled":"0","status":"open"}',1767604380000000);
INSERT INTO "pf_events" VALUES(49,1,2,'canceled','{"client_id":"b1-2-2","filled":"0","status":"canceled"}',1767604440000000);
INSERT INTO "pf_events" VALUES(50,1,2,'requoted','{"client_id":"b1-2-3","qty":"0.0333","limit":"60000.20"}',1767604440000000);
INSERT INTO "pf_events" VALUES(51,1,2,'open','{"client_id":"b1-2-3","filled":"0","status":"open"}',1767604440000000);
INSERT INTO "pf_events" VALUES(52,1,2,'canceled','{"client_id":"b1-2-3","filled":"0","status":"canceled"}',1767604500000000);
INSERT INTO "pf_events" VALUES(53,1,2,'requoted','{"client_id":"b1-2-4","qty":"0.0333","limit":"60005.22"}',1767604500000000);
INSERT INTO "pf_events" VALUES(54,1,2,'open','{"client_id":"b1-2-4","filled":"0","status":"open"}',1767604500000000);
INSERT INTO "pf_events" VALUES(55,1,2,'canceled','{"client_id":"b1-2-4","filled":"0","status":"canceled"}',1767604560000000);
INSERT INTO "pf_events" VALUES(56,1,2,'requoted','{"client_id":"b1-2-5","qty":"0.0333","limit":"59999.08"}',1767604560000000);
INSERT INTO "pf_events" VALUES(57,1,2,'open','{"client_id":"b1-2-5","filled":"0","status":"open"}',1767604560000000);
INSERT INTO "pf_events" VALUES(58,1,2,'canceled','{"client_id":"b1-2-5","filled":"0","status":"canceled"}',1767604620000000);
INSERT INTO "pf_events" VALUES(59,1,2,'requoted','{"client_id":"b1-2-6","qty":"0.0333","limit":"59992.92"}',1767604620000000);
INSERT INTO "pf_events" VALUES(60,1,2,'open','{"client_id":"b1-2-6","filled":"0","status":"open"}',1767604620000000);
INSERT INTO "pf_events" VALUES(61,1,2,'canceled','{"client_id":"b1-2-6","filled":"0","status":"canceled"}',1767604680000000);
INSERT INTO "pf_events" VALUES(62,1,2,'crossed','{"client_id":"b1-2-7","qty":"0.0333","limit":"60196.83"}',1767604680000000);
INSERT INTO "pf_events" VALUES(63,1,2,'filled','{"client_id":"b1-2-7","filled":"0.0333","status":"filled"}',1767604680000000);
INSERT INTO "pf_events" VALUES(64,1,3,'sent','{"client_id":"b1-3-1","qty":"0.6661","limit":"2998.5"}',1767604680000000);
INSERT INTO "pf_events" VALUES(65,1,3,'open','{"client_id":"b1-3-1","filled":"0","status":"open"}',1767604680000000);
INSERT INTO "pf_events" VALUES(66,1,3,'canceled','{"client_id":"b1-3-1","filled":"0","status":"canceled"}',1767604740000000);
INSERT INTO "pf_events" VALUES(67,1,3,'requoted','{"client_id":"b1-3-2","qty":"0.6661","limit":"3007.45"}',1767604740000000);
INSERT INTO "pf_events" VALUES(68,1,3,'open','{"client_id":"b1-3-2","filled":"0","status":"open"}',1767604740000000);
INSERT INTO "pf_events" VALUES(69,1,3,'canceled','{"client_id":"b1-3-2","filled":"0","status":"canceled"}',1767604800000000);
INSERT INTO "pf_events" VALUES(70,1,3,'requoted','{"client_id":"b1-3-3","qty":"0.6661","limit":"3007.61"}',1767604800000000);
INSERT INTO "pf_events" VALUES(71,1,3,'open','{"client_id":"b1-3-3","filled":"0","status":"open"}',1767604800000000);
INSERT INTO "pf_events" VALUES(72,1,3,'filled','{"client_id":"b1-3-3","filled":"0.6661","status":"filled"}',1767604860000000);
INSERT INTO "pf_events" VALUES(73,1,4,'sent','{"client_id":"b1-4-1","qty":"6.661","limit":"149.92"}',1767604860000000);
INSERT INTO "pf_events" VALUES(74,1,4,'open','{"client_id":"b1-4-1","filled":"0","status":"open"}',1767604860000000);
INSERT INTO "pf_events" VALUES(75,1,4,'filled','{"client_id":"b1-4-1","filled":"6.661","status":"filled"}',1767604920000000);
INSERT INTO "pf_events" VALUES(76,1,5,'sent','{"client_id":"b1-5-1","qty":"1665.2","limit":"0.5997"}',1767604920000000);
INSERT INTO "pf_events" VALUES(77,1,5,'open','{"client_id":"b1-5-1","filled":"0","status":"open"}',1767604920000000);
INSERT INTO "pf_events" VALUES(78,1,5,'canceled','{"client_id":"b1-5-1","filled":"0","status":"canceled"}',1767604980000000);
INSERT INTO "pf_events" VALUES(79,1,5,'requoted','{"client_id":"b1-5-2","qty":"1665.2","limit":"0.6009"}',1767604980000000);
INSERT INTO "pf_events" VALUES(80,1,5,'open','{"client_id":"b1-5-2","filled":"0","status":"open"}',1767604980000000);
INSERT INTO "pf_events" VALUES(81,1,5,'canceled','{"client_id":"b1-5-2","filled":"0","status":"canceled"}',1767605040000000);
INSERT INTO "pf_events" VALUES(82,1,5,'requoted','{"client_id":"b1-5-3","qty":"1665.2","limit":"0.6007"}',1767605040000000);
INSERT INTO "pf_events" VALUES(83,1,5,'open','{"client_id":"b1-5-3","filled":"0","status":"open"}',1767605040000000);
INSERT INTO "pf_events" VALUES(84,1,5,'canceled','{"client_id":"b1-5-3","filled":"0","status":"canceled"}',1767605100000000);
INSERT INTO "pf_events" VALUES(85,1,5,'requoted','{"client_id":"b1-5-4","qty":"1665.2","limit":"0.6005"}',1767605100000000);
INSERT INTO "pf_events" VALUES(86,1,5,'open','{"client_id":"b1-5-4","filled":"0","status":"open"}',1767605100000000);
INSERT INTO "pf_events" VALUES(87,1,5,'canceled','{"client_id":"b1-5-4","filled":"0","status":"canceled"}',1767605160000000);
INSERT INTO "pf_events" VALUES(88,1,5,'requoted','{"client_id":"b1-5-5","qty":"1665.2","limit":"0.6008"}',1767605160000000);
INSERT INTO "pf_events" VALUES(89,1,5,'open','{"client_id":"b1-5-5","filled":"0","status":"open"}',1767605160000000);
INSERT INTO "pf_events" VALUES(90,1,5,'canceled','{"client_id":"b1-5-5","filled":"0","status":"canceled"}',1767605220000000);
INSERT INTO "pf_events" VALUES(91,1,5,'requoted','{"client_id":"b1-5-6","qty":"1665.2","limit":"0.6011"}',1767605220000000);
INSERT INTO "pf_events" VALUES(92,1,5,'open','{"client_id":"b1-5-6","filled":"0","status":"open"}',1767605220000000);
INSERT INTO "pf_events" VALUES(93,1,5,'canceled','{"client_id":"b1-5-6","filled":"0","status":"canceled"}',1767605280000000);
INSERT INTO "pf_events" VALUES(94,1,5,'crossed','{"client_id":"b1-5-7","qty":"1665.2","limit":"0.6035"}',1767605280000000);
INSERT INTO "pf_events" VALUES(95,1,5,'filled','{"client_id":"b1-5-7","filled":"1665.2","status":"filled"}',1767605280000000);
INSERT INTO "pf_events" VALUES(96,1,6,'sent','{"client_id":"b1-6-1","qty":"999.65"}',1767605280000000);
INSERT INTO "pf_events" VALUES(97,1,6,'filled','{"client_id":"b1-6-1","qty":"999.65"}',1767605280000000);
INSERT INTO "pf_events" VALUES(98,1,7,'leverage','{"leverage":"3","why":""}',1767605280000000);
INSERT INTO "pf_events" VALUES(99,1,7,'sent','{"client_id":"b1-7-1","qty":"0.008","limit":"59781.9"}',1767605280000000);
INSERT INTO "pf_events" VALUES(100,1,7,'open','{"client_id":"b1-7-1","filled":"0","status":"open"}',1767605280000000);
INSERT INTO "pf_events" VALUES(101,1,7,'canceled','{"client_id":"b1-7-1","filled":"0","status":"canceled"}',1767605340000000);
INSERT INTO "pf_events" VALUES(102,1,7,'requoted','{"client_id":"b1-7-2","qty":"0.008","limit":"59792.8"}',1767605340000000);
INSERT INTO "pf_events" VALUES(103,1,7,'open','{"client_id":"b1-7-2","filled":"0","status":"open"}',1767605340000000);
INSERT INTO "pf_events" VALUES(104,1,7,'canceled','{"client_id":"b1-7-2","filled":"0","status":"canceled"}',1767605400000000);
INSERT INTO "pf_events" VALUES(105,1,7,'requoted','{"client_id":"b1-7-3","qty":"0.008","limit":"59803.7"}',1767605400000000);
INSERT INTO "pf_events" VALUES(106,1,7,'open','{"client_id":"b1-7-3","filled":"0","status":"open"}',1767605400000000);
INSERT INTO "pf_events" VALUES(107,1,7,'canceled','{"client_id":"b1-7-3","filled":"0","status":"canceled"}',1767605460000000);
INSERT INTO "pf_events" VALUES(108,1,7,'requoted','{"client_id":"b1-7-4","qty":"0.008","limit":"59823.6"}',1767605460000000);
INSERT INTO "pf_events" VALUES(109,1,7,'open','{"client_id":"b1-7-4","filled":"0","status":"open"}',1767605460000000);
INSERT INTO "pf_events" VALUES(110,1,7,'canceled','{"client_id":"b1-7-4","filled":"0","status":"canceled"}',1767605520000000);
INSERT INTO "pf_events" VALUES(111,1,7,'requoted','{"client_id":"b1-7-5","qty":"0.008","limit":"59843.5"}',1767605520000000);
INSERT INTO "pf_events" VALUES(112,1,7,'open','{"client_id":"b1-7-5","filled":"0","status":"open"}',1767605520000000);
INSERT INTO "pf_events" VALUES(113,1,7,'canceled','{"client_id":"b1-7-5","filled":"0","status":"canceled"}',1767605580000000);
INSERT INTO "pf_events" VALUES(114,1,7,'requoted','{"client_id":"b1-7-6","qty":"0.008","limit":"59863.5"}',1767605580000000);
INSERT INTO "pf_events" VALUES(115,1,7,'open','{"client_id":"b1-7-6","filled":"0","status":"open"}',1767605580000000);
INSERT INTO "pf_events" VALUES(116,1,7,'canceled','{"client_id":"b1-7-6","filled":"0","status":"canceled"}',1767605640000000);
INSERT INTO "pf_events" VALUES(117,1,7,'crossed','{"client_id":"b1-7-7","qty":"0.008","limit":"60093.0"}',1767605640000000);
INSERT INTO "pf_events" VALUES(118,1,7,'filled','{"client_id":"b1-7-7","filled":"0.008","status":"filled"}',1767605640000000);
INSERT INTO "pf_events" VALUES(119,1,8,'leverage','{"leverage":"3","why":""}',1767605640000000);
INSERT INTO "pf_events" VALUES(120,1,8,'sent','{"client_id":"b1-8-1","qty":"0.166","limit":"2999.09"}',1767605640000000);
INSERT INTO "pf_events" VALUES(121,1,8,'open','{"client_id":"b1-8-1","filled":"0","status":"open"}',1767605640000000);
INSERT INTO "pf_events" VALUES(122,1,8,'canceled','{"client_id":"b1-8-1","filled":"0","status":"canceled"}',1767605700000000);
INSERT INTO "pf_events" VALUES(123,1,8,'requoted','{"client_id":"b1-8-2","qty":"0.166","limit":"3010.18"}',1767605700000000);
INSERT INTO "pf_events" VALUES(124,1,8,'open','{"client_id":"b1-8-2","filled":"0","status":"open"}',1767605700000000);
INSERT INTO "pf_events" VALUES(125,1,8,'canceled','{"client_id":"b1-8-2","filled":"0","status":"canceled"}',1767605760000000);
INSERT INTO "pf_events" VALUES(126,1,8,'requoted','{"client_id":"b1-8-3","qty":"0.166","limit":"3010.06"}',1767605760000000);
INSERT INTO "pf_events" VALUES(127,1,8,'open','{"client_id":"b1-8-3","filled":"0","status":"open"}',1767605760000000);
INSERT INTO "pf_events" VALUES(128,1,8,'canceled','{"client_id":"b1-8-3","filled":"0","status":"canceled"}',1767605820000000);
INSERT INTO "pf_events" VALUES(129,1,8,'requoted','{"client_id":"b1-8-4","qty":"0.166","limit":"3009.94"}',1767605820000000);
INSERT INTO "pf_events" VALUES(130,1,8,'open','{"client_id":"b1-8-4","filled":"0","status":"open"}',1767605820000000);
INSERT INTO "pf_events" VALUES(131,1,8,'canceled','{"client_id":"b1-8-4","filled":"0","status":"canceled"}',1767605880000000);
INSERT INTO "pf_events" VALUES(132,1,8,'requoted','{"client_id":"b1-8-5","qty":"0.166","limit":"3009.82"}',1767605880000000);
INSERT INTO "pf_events" VALUES(133,1,8,'open','{"client_id":"b1-8-5","filled":"0","status":"open"}',1767605880000000);
INSERT INTO "pf_events" VALUES(134,1,8,'canceled','{"client_id":"b1-8-5","filled":"0","status":"canceled"}',1767605940000000);
INSERT INTO "pf_events" VALUES(135,1,8,'requoted','{"client_id":"b1-8-6","qty":"0.166","limit":"3009.70"}',1767605940000000);
INSERT INTO "pf_events" VALUES(136,1,8,'open','{"client_id":"b1-8-6","filled":"0","status":"open"}',1767605940000000);
INSERT INTO "pf_events" VALUES(137,1,8,'canceled','{"client_id":"b1-8-6","filled":"0","status":"canceled"}',1767606000000000);
INSERT INTO "pf_events" VALUES(138,1,8,'crossed','{"client_id":"b1-8-7","qty":"0.166","limit":"3020.12"}',1767606000000000);
INSERT INTO "pf_events" VALUES(139,1,8,'filled','{"client_id":"b1-8-7","filled":"0.166","status":"filled"}',1767606000000000);
INSERT INTO "pf_events" VALUES(140,1,NULL,'finished','{}',1767606000000000);
INSERT INTO "pf_events" VALUES(141,2,NULL,'confirmed','{"person":42}',1795840945469325);
INSERT INTO "pf_events" VALUES(142,2,NULL,'begun','{}',1767606180000000);
INSERT INTO "pf_events" VALUES(143,2,0,'sent','{"client_id":"b2-0-1","qty":"0.016","limit":"59899.5"}',1767606180000000);
INSERT INTO "pf_events" VALUES(144,2,0,'open','{"client_id":"b2-0-1","filled":"0","status":"open"}',1767606180000000);
INSERT INTO "pf_events" VALUES(145,2,0,'canceled','{"client_id":"b2-0-1","filled":"0","status":"canceled"}',1767606240000000);
INSERT INTO "pf_events" VALUES(146,2,0,'requoted','{"client_id":"b2-0-2","qty":"0.016","limit":"59894.7"}',1767606240000000);
INSERT INTO "pf_events" VALUES(147,2,0,'open','{"client_id":"b2-0-2","filled":"0","status":"open"}',1767606240000000);
INSERT INTO "pf_events" VALUES(148,2,0,'canceled','{"client_id":"b2-0-2","filled":"0","status":"canceled"}',1767606300000000);
INSERT INTO "pf_events" VALUES(149,2,0,'requoted','{"client_id":"b2-0-3","qty":"0.016","limit":"59890.0"}',1767606300000000);
INSERT INTO "pf_events" VALUES(150,2,0,'open','{"client_id":"b2-0-3","filled":"0","status":"open"}',1767606300000000);
INSERT INTO "pf_events" VALUES(151,2,0,'canceled','{"client_id":"b2-0-3","filled":"0","status":"canceled"}',1767606360000000);
INSERT INTO "pf_events" VALUES(152,2,0,'requoted','{"client_id":"b2-0-4","qty":"0.016","limit":"59874.2"}',1767606360000000);
INSERT INTO "pf_events" VALUES(153,2,0,'open','{"client_id":"b2-0-4","filled":"0","status":"open"}',1767606360000000);
INSERT INTO "pf_events" VALUES(154,2,0,'canceled','{"client_id":"b2-0-4","filled":"0","status":"canceled"}',1767606420000000);
INSERT INTO "pf_events" VALUES(155,2,0,'requoted','{"client_id":"b2-0-5","qty":"0.016","limit":"59858.4"}',1767606420000000);
INSERT INTO "pf_events" VALUES(156,2,0,'open','{"client_id":"b2-0-5","filled":"0","status":"open"}',1767606420000000);
INSERT INTO "pf_events" VALUES(157,2,0,'canceled','{"client_id":"b2-0-5","filled":"0","status":"canceled"}',1767606480000000);
INSERT INTO "pf_events" VALUES(158,2,0,'requoted','{"client_id":"b2-0-6","qty":"0.016","limit":"59842.6"}',1767606480000000);
INSERT INTO "pf_events" VALUES(159,2,0,'open','{"client_id":"b2-0-6","filled":"0","status":"open"}',1767606480000000);
INSERT INTO "pf_events" VALUES(160,2,0,'canceled','{"client_id":"b2-0-6","filled":"0","status":"canceled"}',1767606540000000);
INSERT INTO "pf_events" VALUES(161,2,0,'crossed','{"client_id":"b2-0-7","qty":"0.016","limit":"59617.5"}',1767606540000000);
INSERT INTO "pf_events" VALUES(162,2,0,'filled','{"client_id":"b2-0-7","filled":"0.016","status":"filled"}',1767606540000000);
INSERT INTO "pf_events" VALUES(163,2,NULL,'finished','{}',1767606540000000);
CREATE TABLE pf_legs (
	plan_id BIGINT NOT NULL, 
	"index" INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	instrument TEXT NOT NULL, 
	qty TEXT NOT NULL, 
	"limit" TEXT, 
	reduce_only BOOLEAN NOT NULL, 
	sells BOOLEAN NOT NULL, 
	price TEXT NOT NULL, 
	state TEXT NOT NULL, 
	filled TEXT NOT NULL, 
	average TEXT, 
	fee TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	note TEXT NOT NULL, 
	slippage_bps TEXT, 
	CONSTRAINT pk_pf_legs PRIMARY KEY (plan_id, "index"), 
	CONSTRAINT ck_pf_legs_kind CHECK (kind IN ('spot_sell', 'to_spot', 'spot_buy', 'to_futures', 'futures_reduce', 'futures_increase')), 
	CONSTRAINT ck_pf_legs_state CHECK (state IN ('planned', 'submitting', 'open', 'filled', 'partial', 'rejected', 'unknown', 'dropped')), 
	CONSTRAINT fk_pf_legs_plan_id FOREIGN KEY(plan_id) REFERENCES pf_plans (id) ON DELETE CASCADE
);
INSERT INTO "pf_legs" VALUES(1,0,'spot_buy','ADA','2220.3','0.44977',0,0,'0.45000','filled','2220.3','0.44964','0.99833569',7,'','1.9857');
INSERT INTO "pf_legs" VALUES(1,1,'spot_buy','BNB','1.8166','549.72',0,0,'550.00','filled','1.8166','549.95','0.99903917',7,'','1.0908');
INSERT INTO "pf_legs" VALUES(1,2,'spot_buy','BTC','0.0333','59970',0,0,'60000.00','filled','0.0333','60019.19','1.99863902',7,'','0.4599');
INSERT INTO "pf_legs" VALUES(1,3,'spot_buy','ETH','0.6661','2998.5',0,0,'3000.00','filled','0.6661','3007.61','2.00336902',3,'','0.6002');
INSERT INTO "pf_legs" VALUES(1,4,'spot_buy','SOL','6.661','149.92',0,0,'150.00','filled','6.661','149.92','0.99861712',1,'','1.5058');
INSERT INTO "pf_legs" VALUES(1,5,'spot_buy','XRP','1665.2','0.5997',0,0,'0.6000','filled','1665.2','0.6019','1.00228388',7,'','1.9009');
INSERT INTO "pf_legs" VALUES(1,6,'to_futures','USDT','999.65',NULL,0,0,'1','filled','999.65',NULL,'0',1,'',NULL);
INSERT INTO "pf_legs" VALUES(1,7,'futures_increase','BTC-PERP','0.008','59981.9',0,0,'60012.00000000','filled','0.008','59915.8','0.23966320',7,'','0.4460');
INSERT INTO "pf_legs" VALUES(1,8,'futures_increase','ETH-PERP','0.166','2999.09',0,0,'3000.60000000','filled','0.166','3011.25','0.24993375',7,'','0.5833');
INSERT INTO "pf_legs" VALUES(2,0,'futures_increase','BTC-PERP','0.016','59899.5',0,1,'59869.47452374','filled','0.016','59794.4','0.47835520',7,'','0.4507');
INSERT INTO "pf_legs" VALUES(3,0,'spot_sell','BTC','0.29066','59786.71',0,1,'59756.825','planned','0',NULL,'0',0,'','0.5775');
INSERT INTO "pf_legs" VALUES(3,1,'spot_sell','ETH','2.3253','3011.23',0,1,'3009.725','planned','0',NULL,'0',0,'','0.7026');
INSERT INTO "pf_legs" VALUES(3,2,'spot_buy','ADA','9756.2','0.44947',0,0,'0.449695','planned','0',NULL,'0',0,'','2.5692');
INSERT INTO "pf_legs" VALUES(3,3,'spot_buy','BNB','7.9647','550.56',0,0,'550.84','planned','0',NULL,'0',0,'','1.2885');
INSERT INTO "pf_legs" VALUES(3,4,'spot_buy','SOL','29.285','149.73',0,0,'149.81','planned','0',NULL,'0',0,'','1.6965');
INSERT INTO "pf_legs" VALUES(3,5,'spot_buy','XRP','7333.5','0.5979',0,0,'0.59825','planned','0',NULL,'0',0,'','2.9981');
INSERT INTO "pf_legs" VALUES(3,6,'to_futures','USDT','4389.51',NULL,0,0,'1','planned','0',NULL,'0',0,'',NULL);
INSERT INTO "pf_legs" VALUES(3,7,'futures_increase','BTC-PERP','0.036','59738.8',0,0,'59768.77223225','planned','0',NULL,'0',0,'','0.4721');
INSERT INTO "pf_legs" VALUES(3,8,'futures_increase','ETH-PERP','0.728','3008.81',0,0,'3010.32248524','planned','0',NULL,'0',0,'','0.6199');
INSERT INTO "pf_legs" VALUES(4,0,'spot_sell','BTC','0.29066','59774.4',0,1,'59744.525','planned','0',NULL,'0',0,'','0.5775');
INSERT INTO "pf_legs" VALUES(4,1,'spot_sell','ETH','2.3253','3010.25',0,1,'3008.745','planned','0',NULL,'0',0,'','0.7027');
INSERT INTO "pf_legs" VALUES(4,2,'spot_buy','ADA','9752.8','0.44952',0,0,'0.449745','planned','0',NULL,'0',0,'','2.5689');
INSERT INTO "pf_legs" VALUES(4,3,'spot_buy','BNB','7.9654','550.39',0,0,'550.67','planned','0',NULL,'0',0,'','1.2888');
INSERT INTO "pf_legs" VALUES(4,4,'spot_buy','SOL','29.277','149.74',0,0,'149.82','planned','0',NULL,'0',0,'','1.6964');
INSERT INTO "pf_legs" VALUES(4,5,'spot_buy','XRP','7335.5','0.5976',0,0,'0.59795','planned','0',NULL,'0',0,'','2.9993');
INSERT INTO "pf_legs" VALUES(4,6,'to_futures','USDT','4388.5',NULL,0,0,'1','planned','0',NULL,'0',0,'',NULL);
INSERT INTO "pf_legs" VALUES(4,7,'futures_increase','BTC-PERP','0.036','59726.5',0,0,'59756.47630068','planned','0',NULL,'0',0,'','0.4722');
INSERT INTO "pf_legs" VALUES(4,8,'futures_increase','ETH-PERP','0.728','3007.83',0,0,'3009.34329598','planned','0',NULL,'0',0,'','0.6200');
CREATE TABLE pf_meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_pf_meta PRIMARY KEY ("key")
);
INSERT INTO "pf_meta" VALUES('market_origin','2026-01-05T09:00:00+00:00');
INSERT INTO "pf_meta" VALUES('button_key','321de051b782ca806bc211eba8589a4475a656823a32b9d7ffe8aa2093c8d945');
INSERT INTO "pf_meta" VALUES('market_begun','2026-01-05T09:00:00+00:00');
INSERT INTO "pf_meta" VALUES('signal:volatility:ADA:enter=2,exit=1.5,days=30','{"state":"{\"active\":false,\"k\":\"1\",\"cap\":null,\"base\":null,\"anchor\":null,\"calm\":0,\"age\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"0.914005","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:volatility:BNB:enter=2,exit=1.5,days=30','{"state":"{\"active\":false,\"k\":\"1\",\"cap\":null,\"base\":null,\"anchor\":null,\"calm\":0,\"age\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"0.906265","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:volatility:BTC:enter=2,exit=1.5,days=30','{"state":"{\"active\":false,\"k\":\"1\",\"cap\":null,\"base\":null,\"anchor\":null,\"calm\":0,\"age\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"0.897533","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:volatility:ETH:enter=2,exit=1.5,days=30','{"state":"{\"active\":false,\"k\":\"1\",\"cap\":null,\"base\":null,\"anchor\":null,\"calm\":0,\"age\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"0.910276","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:volatility:SOL:enter=2,exit=1.5,days=30','{"state":"{\"active\":false,\"k\":\"1\",\"cap\":null,\"base\":null,\"anchor\":null,\"calm\":0,\"age\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"0.876827","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:volatility:XRP:enter=2,exit=1.5,days=30','{"state":"{\"active\":false,\"k\":\"1\",\"cap\":null,\"base\":null,\"anchor\":null,\"calm\":0,\"age\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"0.904116","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:trend:BTC-PERP:zigzag=0.1,score=0.5','{"state":"{\"trim\":\"0\",\"price_b\":null,\"rsi_b\":null,\"bars\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"0.125","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:trend:ETH-PERP:zigzag=0.1,score=0.5','{"state":"{\"trim\":\"0\",\"price_b\":null,\"rsi_b\":null,\"bars\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"0.25","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:funding_low::enter=-0.0001,exit=0,step=0.01,most=0.15,base=0.1,blocks=3','{"state":"{\"level\":\"0.10\",\"low\":0,\"ok\":3}","upto":"2025-01-06T00:00:00+00:00","reading":"0.00015160","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:funding_high::enter=0.0005,exit=0.0003,factor=0.5,blocks=3','{"state":"{\"active\":false,\"hot\":0,\"normal\":51}","upto":"2025-01-06T00:00:00+00:00","reading":"0.00015160","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('signal:fear_greed::enter=25,exit=30,confirm=2,coverage=1','{"state":"{\"active\":false,\"calm\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"49","at":"2025-01-06T00:00:00+00:00","since":null}');
INSERT INTO "pf_meta" VALUES('last_check','2026-01-05T09:52:00+00:00');
INSERT INTO "pf_meta" VALUES('signal:fear_greed::enter=20,exit=30,confirm=2,coverage=1','{"state":"{\"active\":false,\"calm\":0}","upto":"2025-01-06T00:00:00+00:00","reading":"49","at":"2025-01-06T00:00:00+00:00","since":null}');
CREATE TABLE pf_orders (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	plan_id BIGINT NOT NULL, 
	leg_index INTEGER NOT NULL, 
	attempt INTEGER NOT NULL, 
	client_id TEXT NOT NULL, 
	instrument TEXT NOT NULL, 
	side TEXT NOT NULL, 
	qty TEXT NOT NULL, 
	"limit" TEXT, 
	post_only BOOLEAN NOT NULL, 
	"immediate" BOOLEAN NOT NULL, 
	reduce_only BOOLEAN NOT NULL, 
	state TEXT NOT NULL, 
	sent_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	exchange_id TEXT NOT NULL, 
	filled TEXT NOT NULL, 
	average TEXT, 
	fee TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	CONSTRAINT ck_pf_orders_state CHECK (state IN ('submitting', 'open', 'filled', 'canceled', 'rejected', 'unknown')), 
	CONSTRAINT uq_pf_orders_plan_id_leg_index_attempt UNIQUE (plan_id, leg_index, attempt), 
	CONSTRAINT fk_pf_orders_plan_id FOREIGN KEY(plan_id) REFERENCES pf_plans (id) ON DELETE CASCADE, 
	CONSTRAINT uq_pf_orders_client_id UNIQUE (client_id)
);
INSERT INTO "pf_orders" VALUES(1,1,0,1,'b1-0-1','ADA','buy','2220.3','0.44977',1,0,0,'canceled',1767603600000000,1767603660000000,'P1','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(2,1,0,2,'b1-0-2','ADA','buy','2220.3','0.44969',1,0,0,'canceled',1767603660000000,1767603720000000,'P2','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(3,1,0,3,'b1-0-3','ADA','buy','2220.3','0.44960',1,0,0,'canceled',1767603720000000,1767603780000000,'P3','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(4,1,0,4,'b1-0-4','ADA','buy','2220.3','0.44952',1,0,0,'canceled',1767603780000000,1767603840000000,'P4','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(5,1,0,5,'b1-0-5','ADA','buy','2220.3','0.44943',1,0,0,'canceled',1767603840000000,1767603900000000,'P5','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(6,1,0,6,'b1-0-6','ADA','buy','2220.3','0.44935',1,0,0,'canceled',1767603900000000,1767603960000000,'P6','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(7,1,0,7,'b1-0-7','ADA','buy','2220.3','0.45091',0,1,0,'filled',1767603960000000,1767603960000000,'P7','2220.3','0.44964','0.99833569','');
INSERT INTO "pf_orders" VALUES(8,1,1,1,'b1-1-1','BNB','buy','1.8166','549.10',1,0,0,'canceled',1767603960000000,1767604020000000,'P8','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(9,1,1,2,'b1-1-2','BNB','buy','1.8166','549.23',1,0,0,'canceled',1767604020000000,1767604080000000,'P9','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(10,1,1,3,'b1-1-3','BNB','buy','1.8166','549.35',1,0,0,'canceled',1767604080000000,1767604140000000,'P10','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(11,1,1,4,'b1-1-4','BNB','buy','1.8166','549.48',1,0,0,'canceled',1767604140000000,1767604200000000,'P11','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(12,1,1,5,'b1-1-5','BNB','buy','1.8166','549.60',1,0,0,'canceled',1767604200000000,1767604260000000,'P12','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(13,1,1,6,'b1-1-6','BNB','buy','1.8166','549.61',1,0,0,'canceled',1767604260000000,1767604320000000,'P13','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(14,1,1,7,'b1-1-7','BNB','buy','1.8166','551.54',0,1,0,'filled',1767604320000000,1767604320000000,'P14','1.8166','549.95','0.99903917','');
INSERT INTO "pf_orders" VALUES(15,1,2,1,'b1-2-1','BTC','buy','0.0333','59970',1,0,0,'canceled',1767604320000000,1767604380000000,'P15','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(16,1,2,2,'b1-2-2','BTC','buy','0.0333','59995.18',1,0,0,'canceled',1767604380000000,1767604440000000,'P16','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(17,1,2,3,'b1-2-3','BTC','buy','0.0333','60000.20',1,0,0,'canceled',1767604440000000,1767604500000000,'P17','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(18,1,2,4,'b1-2-4','BTC','buy','0.0333','60005.22',1,0,0,'canceled',1767604500000000,1767604560000000,'P18','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(19,1,2,5,'b1-2-5','BTC','buy','0.0333','59999.08',1,0,0,'canceled',1767604560000000,1767604620000000,'P19','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(20,1,2,6,'b1-2-6','BTC','buy','0.0333','59992.92',1,0,0,'canceled',1767604620000000,1767604680000000,'P20','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(21,1,2,7,'b1-2-7','BTC','buy','0.0333','60196.83',0,1,0,'filled',1767604680000000,1767604680000000,'P21','0.0333','60019.19','1.99863902','');
INSERT INTO "pf_orders" VALUES(22,1,3,1,'b1-3-1','ETH','buy','0.6661','2998.5',1,0,0,'canceled',1767604680000000,1767604740000000,'P22','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(23,1,3,2,'b1-3-2','ETH','buy','0.6661','3007.45',1,0,0,'canceled',1767604740000000,1767604800000000,'P23','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(24,1,3,3,'b1-3-3','ETH','buy','0.6661','3007.61',1,0,0,'filled',1767604800000000,1767604860000000,'P24','0.6661','3007.61','2.00336902','');
INSERT INTO "pf_orders" VALUES(25,1,4,1,'b1-4-1','SOL','buy','6.661','149.92',1,0,0,'filled',1767604860000000,1767604920000000,'P25','6.661','149.92','0.99861712','');
INSERT INTO "pf_orders" VALUES(26,1,5,1,'b1-5-1','XRP','buy','1665.2','0.5997',1,0,0,'canceled',1767604920000000,1767604980000000,'P26','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(27,1,5,2,'b1-5-2','XRP','buy','1665.2','0.6009',1,0,0,'canceled',1767604980000000,1767605040000000,'P27','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(28,1,5,3,'b1-5-3','XRP','buy','1665.2','0.6007',1,0,0,'canceled',1767605040000000,1767605100000000,'P28','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(29,1,5,4,'b1-5-4','XRP','buy','1665.2','0.6005',1,0,0,'canceled',1767605100000000,1767605160000000,'P29','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(30,1,5,5,'b1-5-5','XRP','buy','1665.2','0.6008',1,0,0,'canceled',1767605160000000,1767605220000000,'P30','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(31,1,5,6,'b1-5-6','XRP','buy','1665.2','0.6011',1,0,0,'canceled',1767605220000000,1767605280000000,'P31','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(32,1,5,7,'b1-5-7','XRP','buy','1665.2','0.6035',0,1,0,'filled',1767605280000000,1767605280000000,'P32','1665.2','0.6019','1.00228388','');
INSERT INTO "pf_orders" VALUES(33,1,6,1,'b1-6-1','USDT','to_futures','999.65',NULL,0,0,0,'filled',1767605280000000,1767605280000000,'','999.65',NULL,'0','');
INSERT INTO "pf_orders" VALUES(34,1,7,1,'b1-7-1','BTC-PERP','buy','0.008','59781.9',1,0,0,'canceled',1767605280000000,1767605340000000,'P33','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(35,1,7,2,'b1-7-2','BTC-PERP','buy','0.008','59792.8',1,0,0,'canceled',1767605340000000,1767605400000000,'P34','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(36,1,7,3,'b1-7-3','BTC-PERP','buy','0.008','59803.7',1,0,0,'canceled',1767605400000000,1767605460000000,'P35','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(37,1,7,4,'b1-7-4','BTC-PERP','buy','0.008','59823.6',1,0,0,'canceled',1767605460000000,1767605520000000,'P36','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(38,1,7,5,'b1-7-5','BTC-PERP','buy','0.008','59843.5',1,0,0,'canceled',1767605520000000,1767605580000000,'P37','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(39,1,7,6,'b1-7-6','BTC-PERP','buy','0.008','59863.5',1,0,0,'canceled',1767605580000000,1767605640000000,'P38','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(40,1,7,7,'b1-7-7','BTC-PERP','buy','0.008','60093.0',0,1,0,'filled',1767605640000000,1767605640000000,'P39','0.008','59915.8','0.23966320','');
INSERT INTO "pf_orders" VALUES(41,1,8,1,'b1-8-1','ETH-PERP','buy','0.166','2999.09',1,0,0,'canceled',1767605640000000,1767605700000000,'P40','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(42,1,8,2,'b1-8-2','ETH-PERP','buy','0.166','3010.18',1,0,0,'canceled',1767605700000000,1767605760000000,'P41','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(43,1,8,3,'b1-8-3','ETH-PERP','buy','0.166','3010.06',1,0,0,'canceled',1767605760000000,1767605820000000,'P42','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(44,1,8,4,'b1-8-4','ETH-PERP','buy','0.166','3009.94',1,0,0,'canceled',1767605820000000,1767605880000000,'P43','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(45,1,8,5,'b1-8-5','ETH-PERP','buy','0.166','3009.82',1,0,0,'canceled',1767605880000000,1767605940000000,'P44','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(46,1,8,6,'b1-8-6','ETH-PERP','buy','0.166','3009.70',1,0,0,'canceled',1767605940000000,1767606000000000,'P45','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(47,1,8,7,'b1-8-7','ETH-PERP','buy','0.166','3020.12',0,1,0,'filled',1767606000000000,1767606000000000,'P46','0.166','3011.25','0.24993375','');
INSERT INTO "pf_orders" VALUES(48,2,0,1,'b2-0-1','BTC-PERP','sell','0.016','59899.5',1,0,0,'canceled',1767606180000000,1767606240000000,'P47','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(49,2,0,2,'b2-0-2','BTC-PERP','sell','0.016','59894.7',1,0,0,'canceled',1767606240000000,1767606300000000,'P48','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(50,2,0,3,'b2-0-3','BTC-PERP','sell','0.016','59890.0',1,0,0,'canceled',1767606300000000,1767606360000000,'P49','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(51,2,0,4,'b2-0-4','BTC-PERP','sell','0.016','59874.2',1,0,0,'canceled',1767606360000000,1767606420000000,'P50','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(52,2,0,5,'b2-0-5','BTC-PERP','sell','0.016','59858.4',1,0,0,'canceled',1767606420000000,1767606480000000,'P51','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(53,2,0,6,'b2-0-6','BTC-PERP','sell','0.016','59842.6',1,0,0,'canceled',1767606480000000,1767606540000000,'P52','0',NULL,'0','');
INSERT INTO "pf_orders" VALUES(54,2,0,7,'b2-0-7','BTC-PERP','sell','0.016','59617.5',0,1,0,'filled',1767606540000000,1767606540000000,'P53','0.016','59794.4','0.47835520','');
CREATE TABLE pf_outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	chat_id BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	urgency TEXT NOT NULL, 
	silent BOOLEAN NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	faults INTEGER NOT NULL, 
	plain BOOLEAN NOT NULL, 
	not_before BIGINT NOT NULL, 
	held_until BIGINT, 
	posted_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	message_id BIGINT, 
	detail TEXT NOT NULL, 
	CONSTRAINT ck_pf_outbox_urgency CHECK (urgency IN ('routine', 'always')), 
	CONSTRAINT ck_pf_outbox_state CHECK (state IN ('waiting', 'sent', 'dropped', 'refused')), 
	CONSTRAINT uq_pf_outbox_key UNIQUE ("key")
);
INSERT INTO "pf_outbox" VALUES(1,42,'plan_progress','{"plan_id":1}','progress-1-2','always',1,'dropped',0,0,0,1767603600000000,NULL,1767603600000000,1767603600000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(2,42,'plan_progress','{"plan_id":1}','progress-1-3','always',1,'dropped',0,0,0,1767603600000000,NULL,1767603600000000,1767603600000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(3,42,'plan_progress','{"plan_id":1}','progress-1-4','always',1,'dropped',0,0,0,1767603600000000,NULL,1767603600000000,1767603660000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(4,42,'plan_progress','{"plan_id":1}','progress-1-7','always',1,'dropped',0,0,0,1767603660000000,NULL,1767603660000000,1767603720000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(5,42,'plan_progress','{"plan_id":1}','progress-1-10','always',1,'dropped',0,0,0,1767603720000000,NULL,1767603720000000,1767603780000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(6,42,'plan_progress','{"plan_id":1}','progress-1-13','always',1,'dropped',0,0,0,1767603780000000,NULL,1767603780000000,1767603840000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(7,42,'plan_progress','{"plan_id":1}','progress-1-16','always',1,'dropped',0,0,0,1767603840000000,NULL,1767603840000000,1767603900000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(8,42,'plan_progress','{"plan_id":1}','progress-1-19','always',1,'dropped',0,0,0,1767603900000000,NULL,1767603900000000,1767603960000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(9,42,'plan_progress','{"plan_id":1}','progress-1-22','always',1,'dropped',0,0,0,1767603960000000,NULL,1767603960000000,1767603960000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(10,42,'plan_progress','{"plan_id":1}','progress-1-23','always',1,'dropped',0,0,0,1767603960000000,NULL,1767603960000000,1767603960000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(11,42,'plan_progress','{"plan_id":1}','progress-1-24','always',1,'dropped',0,0,0,1767603960000000,NULL,1767603960000000,1767604020000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(12,42,'plan_progress','{"plan_id":1}','progress-1-27','always',1,'dropped',0,0,0,1767604020000000,NULL,1767604020000000,1767604080000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(13,42,'plan_progress','{"plan_id":1}','progress-1-30','always',1,'dropped',0,0,0,1767604080000000,NULL,1767604080000000,1767604140000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(14,42,'plan_progress','{"plan_id":1}','progress-1-33','always',1,'dropped',0,0,0,1767604140000000,NULL,1767604140000000,1767604200000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(15,42,'plan_progress','{"plan_id":1}','progress-1-36','always',1,'dropped',0,0,0,1767604200000000,NULL,1767604200000000,1767604260000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(16,42,'plan_progress','{"plan_id":1}','progress-1-39','always',1,'dropped',0,0,0,1767604260000000,NULL,1767604260000000,1767604320000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(17,42,'plan_progress','{"plan_id":1}','progress-1-42','always',1,'dropped',0,0,0,1767604320000000,NULL,1767604320000000,1767604320000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(18,42,'plan_progress','{"plan_id":1}','progress-1-43','always',1,'dropped',0,0,0,1767604320000000,NULL,1767604320000000,1767604320000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(19,42,'plan_progress','{"plan_id":1}','progress-1-44','always',1,'dropped',0,0,0,1767604320000000,NULL,1767604320000000,1767604380000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(20,42,'plan_progress','{"plan_id":1}','progress-1-47','always',1,'dropped',0,0,0,1767604380000000,NULL,1767604380000000,1767604440000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(21,42,'plan_progress','{"plan_id":1}','progress-1-50','always',1,'dropped',0,0,0,1767604440000000,NULL,1767604440000000,1767604500000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(22,42,'plan_progress','{"plan_id":1}','progress-1-53','always',1,'dropped',0,0,0,1767604500000000,NULL,1767604500000000,1767604560000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(23,42,'plan_progress','{"plan_id":1}','progress-1-56','always',1,'dropped',0,0,0,1767604560000000,NULL,1767604560000000,1767604620000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(24,42,'plan_progress','{"plan_id":1}','progress-1-59','always',1,'dropped',0,0,0,1767604620000000,NULL,1767604620000000,1767604680000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(25,42,'plan_progress','{"plan_id":1}','progress-1-62','always',1,'dropped',0,0,0,1767604680000000,NULL,1767604680000000,1767604680000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(26,42,'plan_progress','{"plan_id":1}','progress-1-63','always',1,'dropped',0,0,0,1767604680000000,NULL,1767604680000000,1767604680000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(27,42,'plan_progress','{"plan_id":1}','progress-1-64','always',1,'dropped',0,0,0,1767604680000000,NULL,1767604680000000,1767604740000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(28,42,'plan_progress','{"plan_id":1}','progress-1-67','always',1,'dropped',0,0,0,1767604740000000,NULL,1767604740000000,1767604800000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(29,42,'plan_progress','{"plan_id":1}','progress-1-70','always',1,'dropped',0,0,0,1767604800000000,NULL,1767604800000000,1767604860000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(30,42,'plan_progress','{"plan_id":1}','progress-1-72','always',1,'dropped',0,0,0,1767604860000000,NULL,1767604860000000,1767604860000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(31,42,'plan_progress','{"plan_id":1}','progress-1-73','always',1,'dropped',0,0,0,1767604860000000,NULL,1767604860000000,1767604920000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(32,42,'plan_progress','{"plan_id":1}','progress-1-75','always',1,'dropped',0,0,0,1767604920000000,NULL,1767604920000000,1767604920000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(33,42,'plan_progress','{"plan_id":1}','progress-1-76','always',1,'dropped',0,0,0,1767604920000000,NULL,1767604920000000,1767604980000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(34,42,'plan_progress','{"plan_id":1}','progress-1-79','always',1,'dropped',0,0,0,1767604980000000,NULL,1767604980000000,1767605040000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(35,42,'plan_progress','{"plan_id":1}','progress-1-82','always',1,'dropped',0,0,0,1767605040000000,NULL,1767605040000000,1767605100000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(36,42,'plan_progress','{"plan_id":1}','progress-1-85','always',1,'dropped',0,0,0,1767605100000000,NULL,1767605100000000,1767605160000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(37,42,'plan_progress','{"plan_id":1}','progress-1-88','always',1,'dropped',0,0,0,1767605160000000,NULL,1767605160000000,1767605220000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(38,42,'plan_progress','{"plan_id":1}','progress-1-91','always',1,'dropped',0,0,0,1767605220000000,NULL,1767605220000000,1767605280000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(39,42,'plan_progress','{"plan_id":1}','progress-1-94','always',1,'dropped',0,0,0,1767605280000000,NULL,1767605280000000,1767605280000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(40,42,'plan_progress','{"plan_id":1}','progress-1-95','always',1,'dropped',0,0,0,1767605280000000,NULL,1767605280000000,1767605280000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(41,42,'plan_progress','{"plan_id":1}','progress-1-96','always',1,'dropped',0,0,0,1767605280000000,NULL,1767605280000000,1767605280000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(42,42,'plan_progress','{"plan_id":1}','progress-1-97','always',1,'dropped',0,0,0,1767605280000000,NULL,1767605280000000,1767605280000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(43,42,'plan_progress','{"plan_id":1}','progress-1-99','always',1,'dropped',0,0,0,1767605280000000,NULL,1767605280000000,1767605340000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(44,42,'plan_progress','{"plan_id":1}','progress-1-102','always',1,'dropped',0,0,0,1767605340000000,NULL,1767605340000000,1767605400000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(45,42,'plan_progress','{"plan_id":1}','progress-1-105','always',1,'dropped',0,0,0,1767605400000000,NULL,1767605400000000,1767605460000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(46,42,'plan_progress','{"plan_id":1}','progress-1-108','always',1,'dropped',0,0,0,1767605460000000,NULL,1767605460000000,1767605520000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(47,42,'plan_progress','{"plan_id":1}','progress-1-111','always',1,'dropped',0,0,0,1767605520000000,NULL,1767605520000000,1767605580000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(48,42,'plan_progress','{"plan_id":1}','progress-1-114','always',1,'dropped',0,0,0,1767605580000000,NULL,1767605580000000,1767605640000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(49,42,'plan_progress','{"plan_id":1}','progress-1-117','always',1,'dropped',0,0,0,1767605640000000,NULL,1767605640000000,1767605640000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(50,42,'plan_progress','{"plan_id":1}','progress-1-118','always',1,'dropped',0,0,0,1767605640000000,NULL,1767605640000000,1767605640000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(51,42,'plan_progress','{"plan_id":1}','progress-1-120','always',1,'dropped',0,0,0,1767605640000000,NULL,1767605640000000,1767605700000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(52,42,'plan_progress','{"plan_id":1}','progress-1-123','always',1,'dropped',0,0,0,1767605700000000,NULL,1767605700000000,1767605760000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(53,42,'plan_progress','{"plan_id":1}','progress-1-126','always',1,'dropped',0,0,0,1767605760000000,NULL,1767605760000000,1767605820000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(54,42,'plan_progress','{"plan_id":1}','progress-1-129','always',1,'dropped',0,0,0,1767605820000000,NULL,1767605820000000,1767605880000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(55,42,'plan_progress','{"plan_id":1}','progress-1-132','always',1,'dropped',0,0,0,1767605880000000,NULL,1767605880000000,1767605940000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(56,42,'plan_progress','{"plan_id":1}','progress-1-135','always',1,'dropped',0,0,0,1767605940000000,NULL,1767605940000000,1767606000000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(57,42,'plan_progress','{"plan_id":1}','progress-1-138','always',1,'dropped',0,0,0,1767606000000000,NULL,1767606000000000,1767606000000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(58,42,'plan_progress','{"plan_id":1}','progress-1-139','always',1,'dropped',0,0,0,1767606000000000,NULL,1767606000000000,1767606000000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(59,42,'plan_result','{"plan_id":1}','result-1','always',0,'sent',0,0,0,1767606000000000,NULL,1767606000000000,1767606000000000,1795840943,'');
INSERT INTO "pf_outbox" VALUES(60,42,'plan_progress','{"plan_id":2}','progress-2-142','always',1,'dropped',0,0,0,1767606180000000,NULL,1767606180000000,1767606180000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(61,42,'plan_progress','{"plan_id":2}','progress-2-143','always',1,'dropped',0,0,0,1767606180000000,NULL,1767606180000000,1767606240000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(62,42,'plan_progress','{"plan_id":2}','progress-2-146','always',1,'dropped',0,0,0,1767606240000000,NULL,1767606240000000,1767606300000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(63,42,'plan_progress','{"plan_id":2}','progress-2-149','always',1,'dropped',0,0,0,1767606300000000,NULL,1767606300000000,1767606360000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(64,42,'plan_progress','{"plan_id":2}','progress-2-152','always',1,'dropped',0,0,0,1767606360000000,NULL,1767606360000000,1767606420000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(65,42,'plan_progress','{"plan_id":2}','progress-2-155','always',1,'dropped',0,0,0,1767606420000000,NULL,1767606420000000,1767606480000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(66,42,'plan_progress','{"plan_id":2}','progress-2-158','always',1,'dropped',0,0,0,1767606480000000,NULL,1767606480000000,1767606540000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(67,42,'plan_progress','{"plan_id":2}','progress-2-161','always',1,'dropped',0,0,0,1767606540000000,NULL,1767606540000000,1767606540000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(68,42,'plan_progress','{"plan_id":2}','progress-2-162','always',1,'dropped',0,0,0,1767606540000000,NULL,1767606540000000,1767606540000000,NULL,'overtaken');
INSERT INTO "pf_outbox" VALUES(69,42,'plan_result','{"plan_id":2}','result-2','always',0,'sent',0,0,0,1767606540000000,NULL,1767606540000000,1767606540000000,1795840945,'');
INSERT INTO "pf_outbox" VALUES(70,43,'plan_card','{"plan_id":3}','card-3-redraw-2026-01-05T09:52:00+00:00','routine',1,'waiting',0,0,0,1767606720000000,NULL,1767606720000000,NULL,NULL,'');
CREATE TABLE pf_people (
	id BIGINT NOT NULL, 
	chat_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	role TEXT NOT NULL, 
	language TEXT NOT NULL, 
	zone TEXT NOT NULL, 
	currency TEXT NOT NULL, 
	portfolio_id BIGINT, 
	unreachable BOOLEAN NOT NULL, 
	alerts TEXT, 
	CONSTRAINT pk_pf_people PRIMARY KEY (id), 
	CONSTRAINT ck_pf_people_role CHECK (role IN ('operator', 'member', 'pending', 'blocked'))
);
INSERT INTO "pf_people" VALUES(42,42,'Ann','operator','en','UTC','USD',1,0,'{"rings":{"funding":"silent"},"quiet_from":"","quiet_to":"","reminder_h":0}');
INSERT INTO "pf_people" VALUES(43,43,'Ben','operator','en','UTC','USD',2,0,'{"rings":{},"quiet_from":"","quiet_to":"","reminder_h":0}');
CREATE TABLE pf_plans (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	portfolio_id BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	mode TEXT NOT NULL, 
	state TEXT NOT NULL, 
	proposal TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	fees TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	decided_at BIGINT, 
	finished_at BIGINT, 
	result TEXT, 
	chat_id BIGINT, 
	message_id BIGINT, 
	superseded_by BIGINT, 
	acts_at BIGINT, 
	decided_by TEXT, 
	CONSTRAINT ck_pf_plans_mode CHECK (mode IN ('demo', 'paper', 'manual', 'live')), 
	CONSTRAINT ck_pf_plans_state CHECK (state IN ('proposed', 'confirmed', 'running', 'done', 'parked', 'expired', 'skipped', 'superseded')), 
	CONSTRAINT uq_pf_plans_portfolio_id_number UNIQUE (portfolio_id, number), 
	CONSTRAINT fk_pf_plans_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES pf_portfolios (id) ON DELETE CASCADE
);
INSERT INTO "pf_plans" VALUES(1,1,1,'demo','done','{"reasons":[{"trigger":"start","line":"","weight":null,"target":null,"band":null,"event":"","reading":null,"limit":null,"size":null}],"before":{"value":"10000.00000000","lines":[{"line":"CORE","weight":"0E+6","target":"0.4","band":"0.05","breach":"under","base":null},{"line":"ALT","weight":"0E+3","target":"0.4","band":"0.05","breach":"under","base":null},{"line":"STABLE","weight":"1","target":"0.1","band":"0.05","breach":"over","base":null},{"line":"FUTURES","weight":"0","target":"0.1","band":null,"breach":null,"base":null}],"net":"0","gross":"0","futures_net":"0","beta":"0.0","leverage":"0","values":{"ADA":"0.00000","BNB":"0.00","BTC":"0.00","ETH":"0.00","SOL":"0.00","XRP":"0.0000","USDT":"10000","FUTURES":"0E-8"},"liquidation":null,"book":{},"exposure":{"line":"net","weight":"0","target":"0.1","band":"0.05","breach":"under","base":null}},"left_out":[],"slippage_bps":"1.014432480497837115838173598","holding":[{"contract":"BTC-PERP","carry":"-5.78","days":"2.5"},{"contract":"ETH-PERP","carry":"-8.77","days":"1.7"}],"prices":{"ADA":"0.45000","BNB":"550.00","BTC":"60000.00","BTC-PERP":"60012.00000000","ETH":"3000.00","ETH-PERP":"3000.60000000","SOL":"150.00","XRP":"0.6000"},"targets":{"spot":{"BTC":"0.2","ETH":"0.2","SOL":"0.1","XRP":"0.1","BNB":"0.1","ADA":"0.1"},"stable":"0.1","collateral":"0.1","futures":{"BTC-PERP":"0.05","ETH-PERP":"0.05"}},"stand":null,"hedge":null}','{"value":"9991.518067200000000","lines":[{"line":"CORE","weight":"0.39996925123110085146921846923245485496588543865831983910361837032539455107156752","target":"0.4","band":"0.05","breach":null,"base":null},{"line":"ALT","weight":"0.39999277118056393199372745663086579180519104211103477671145295489537840306453647","target":"0.4","band":"0.05","breach":null,"base":null},{"line":"STABLE","weight":"0.10003706726820780181514317624432829489784621144301942818189332453554791085910874","target":"0.1","band":"0.05","breach":null,"base":null},{"line":"FUTURES","weight":"0.10000091032012741472191089789235105833107730778762595600303535024367913500478727","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.89786462273935725801776989854853514926745245009088662542492730048075631827848134","gross":"0.89786462273935725801776989854853514926745245009088662542492730048075631827848135","futures_net":"0.097902600327692474554823972685214502496375969321532009609855975259983364142377357","beta":"1.0028483652442591661833351080866671847637130998391315204366705666401980081283638","leverage":"0.97901709108729374779172579197024549065666993229551531585139721252795834228350173","values":{"ADA":"999.135000","BNB":"999.130000","BTC":"1998.000000","ETH":"1998.300000","SOL":"999.15000","XRP":"999.12000","USDT":"999.522165000","FUTURES":"999.160902200000000"},"liquidation":null,"book":{"BTC-PERP":"480.09600000000","ETH-PERP":"498.09960000000"},"exposure":{"line":"net","weight":"0.097902600327692474554823972685214502496375969321532009609855975259983364142377357","target":"0.1","band":"0.05","breach":null,"base":null}}','8.4819328',1767603600000000,1767603900000000,1767603600000000,1767606000000000,'{"value":"9992.03071104692","lines":[{"line":"CORE","weight":"0.40022004722011123884589433390837289609817925065373364719228261560071360950363822","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"ALT","weight":"0.40052695955742116764372360812834540219084981490597875792343643815270018562314598","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"STABLE","weight":"0.099285704256613099470714758632093846406211486745961879684406773497676816156403926","target":"0.1","band":"0.05","breach":null,"base":null},{"line":"FUTURES","weight":"0.099967288965854494039667299331187855304759447694325715199874172748909388716811878","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.89871605298098970612682817273503966736709842152196881313830753930391423616350616","gross":"0.89871605298098970612682817273503966736709842152196881313830753930391423616350616","futures_net":"0.097969046203457299637210230698321369078069355962256408022588485550500441036721962","beta":"1.0038927116909720388836242430896167759501029801100679551517478929358226618108171","leverage":"0.98001103377846199502603813128810385242389369710975773532575371311017939482693785","values":{"ADA":"999.6789735","BNB":"999.6658970","BTC":"1993.723614","ETH":"2005.287389","SOL":"1001.61457","XRP":"1001.11824","USDT":"992.06580610","FUTURES":"998.87622144692"},"liquidation":null,"book":{"BTC-PERP":"479.06842924248","ETH-PERP":"499.84128915444"},"exposure":{"line":"net","weight":"0.097969046203457299637210230698321369078069355962256408022588485550500441036721962","target":"0.1","band":"0.05","breach":null,"base":null}}',42,1795840943,NULL,NULL,'');
INSERT INTO "pf_plans" VALUES(2,1,2,'demo','done','{"reasons":[{"trigger":"hedge","line":"cover","weight":null,"target":null,"band":null,"event":"begin","reading":null,"limit":null,"size":null}],"before":{"value":"9990.95178917482","lines":[{"line":"CORE","weight":"0.40027367455951840107648276363070029856412521758041080959344749193913596107927333","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"ALT","weight":"0.40044879230975073441307838710159405378018477870148274188488397549845134013020916","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"STABLE","weight":"0.099296426109762804179966328388541309822460520354417401526272218293973902669769702","target":"0.1","band":"0.05","breach":null,"base":null},{"line":"FUTURES","weight":"0.099981107020968060330472520879164337833229483363689046995396314268438796120747804","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.89870511533780641804843010858379925752811379258262329572939807881607090676167154","gross":"0.89870511533780641804843010858379925752811379258262329572939807881607090676167154","futures_net":"0.097982648468537282558868957851504905183803796300729744251066611378483605552189047","beta":"1.0038760113000893988904542367105571857682657858718641220853839027745340655768984","leverage":"0.98001163807866559636182360313612596264358282478053062573160827075549386215985472","values":{"ADA":"998.735346","BNB":"1000.528782","BTC":"1993.254750","ETH":"2005.860235","SOL":"1000.81525","XRP":"1000.78520","USDT":"992.06580610","FUTURES":"998.90642007482"},"liquidation":null,"book":{"BTC-PERP":"478.95579618992","ETH-PERP":"499.98412083490"},"exposure":{"line":"net","weight":"0.097982648468537282558868957851504905183803796300729744251066611378483605552189047","target":"0.1","band":"0.05","breach":null,"base":null}},"left_out":[],"slippage_bps":"0.45070000","holding":[{"contract":"BTC-PERP","carry":"10.44","days":null}],"prices":{"ADA":"0.44982","BNB":"550.77","BTC":"59857.50","BTC-PERP":"59869.47452374","ETH":"3011.35","ETH-PERP":"3011.95253515","SOL":"150.25","XRP":"0.6010"},"targets":{"spot":{"ADA":"0.099963984120324564234175","BNB":"0.100143490141156652022507","BTC":"0.199505992227856436755619","ETH":"0.200767682331661964320862","SOL":"0.100172162884859648128612","XRP":"0.100169155163409870027782"},"stable":"0.099344365065559675087257","collateral":"0.099933168065171189423186","futures":{"BTC-PERP":"-0.047938955796870907285648","ETH-PERP":"0.050043692671666375273222"}},"stand":null,"hedge":{"kind":"cover","contract":"BTC-PERP","qty":"-0.016","opened_at":"2025-01-06T00:43:00Z","price":"59869.47452374","moved":{},"size":"literal","coverage":"0.5","drop":"0.2","ratio":null,"loss":"1800.14770042","accepted":false,"reason":"manual","plan_id":0,"settled":false,"low":"59869.47452374","peaked":false,"calm":1,"age_days":0,"checked_at":null,"funding":"0","funded_to":"2025-01-06T00:43:00Z","warned":false,"closed":"","counted_plan":0}}','{"value":"9990.472833378630080","lines":[{"line":"CORE","weight":"0.40029286418144019798782952792006779153185076265217366446032619658007867737953230","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"ALT","weight":"0.40046799032703708396992091822982710323305947030111887339087764845118638687526026","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"STABLE","weight":"0.099301186504953241967294846013387261975087290638488215499516183498575452007401470","target":"0.1","band":"0.05","breach":null,"base":null},{"line":"FUTURES","weight":"0.099937958986569476074954707836717843260002476408219246649279971470159483737805966","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.80286569228699797403273901421880240094410091164764623671488830458450663643820589","gross":"0.89874820038805733840557792735603437648814939883912318067414446298524800042848367","futures_net":"0.0021048377785206920749885680689075061791906786943536988636844595532415721834133313","beta":"0.90804163027392300450951580210244906544441684306363352433706267539875667586921255","leverage":"0.98048175961596774433246373330854817450328124933700420047212420497090412068134034","values":{"ADA":"998.735346","BNB":"1000.528782","BTC":"1993.254750","ETH":"2005.860235","SOL":"1000.81525","XRP":"1000.78520","USDT":"992.06580610","FUTURES":"998.427464278630080"},"liquidation":"2.0671041509629911807927154306392185647309649037876422974291094439590880718049424","book":{"BTC-PERP":"-478.95579618992","ETH-PERP":"499.98412083490"},"exposure":{"line":"net","weight":"0.0021048377785206920749885680689075061791906786943536988636844595532415721834133313","target":"0.00412208840625818542870539959","band":"0.05","breach":null,"base":"0.10"}}','0.47895579618992',1767606180000000,1767606480000000,1767606180000000,1767606540000000,'{"value":"9981.34312786642","lines":[{"line":"CORE","weight":"0.40038979887812590078649984848282240615907773419396364065499839643612086489488101","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"ALT","weight":"0.40025765213363441613686711495522917055814890653092449532854100816220196651978148","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"STABLE","weight":"0.099392015021535565164930649080350044459883551549511588418362182366698096376728782","target":"0.1","band":"0.05","breach":null,"base":null},{"line":"FUTURES","weight":"0.099960533966704117911702387481598378822889807725600275598098413034979072208608727","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.80280566164939268084073082416796610736578185618927668832965137795902800377786660","gross":"0.89865948091162175037693729041947342252056012674332504138819476109975437527987418","futures_net":"0.0021582106376323639173638607299145306485552154643885523461119733607051723632041234","beta":"0.90795909673369834041654513335480656555919325379867824887007806315383340137548760","leverage":"0.98050726632280983792837309099181850058780066621849311506153292729545186444053198","values":{"ADA":"998.3023875","BNB":"1001.001098","BTC":"1990.837503","ETH":"2005.5904645","SOL":"998.35068","XRP":"997.45480","USDT":"992.06580610","FUTURES":"997.74038876642"},"liquidation":"2.0681891204223823329530449949115803990211476113730086501299312225274087498855654","book":{"BTC-PERP":"-478.37493008640","ETH-PERP":"499.91677100282"},"exposure":{"line":"net","weight":"0.0021582106376323639173638607299145306485552154643885523461119733607051723632041234","target":"0.00414618073777093046379353375","band":"0.05","breach":null,"base":"0.10"}}',42,1795840945,NULL,NULL,'');
INSERT INTO "pf_plans" VALUES(3,2,1,'manual','superseded','{"reasons":[{"trigger":"start","line":"","weight":null,"target":null,"band":null,"event":"","reading":null,"limit":null,"size":null}],"before":{"value":"43917.31250000","lines":[{"line":"CORE","weight":"0.95445987274380689847540192720126032302181514408469325166470512056037126588745611","target":"0.400000000000000000000000000000","band":"0.05","breach":"over","base":null},{"line":"ALT","weight":"0E+2","target":"0.4","band":"0.05","breach":"under","base":null},{"line":"STABLE","weight":"0.045540127256193101524598072798739676978184855915306748335294879439628734112543886","target":"0.1","band":"0.05","breach":"under","base":null},{"line":"FUTURES","weight":"0","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.95445987274380689847540192720126032302181514408469325166470512056037126588745611","gross":"0.95445987274380689847540192720126032302181514408469325166470512056037126588745611","futures_net":"0","beta":"0.98187252464503605497262611413209767788044862717863257229139419676465858424283134","leverage":"0","values":{"ADA":"0.000000","BNB":"0.00","BTC":"29878.4125","ETH":"12038.900","SOL":"0.00","XRP":"0.00000","USDT":"2000","FUTURES":"0E-8"},"liquidation":null,"book":{},"exposure":{"line":"net","weight":"0","target":"0.1","band":"0.05","breach":"under","base":null}},"left_out":[],"slippage_bps":"1.185552230776002407825890788","holding":[{"contract":"BTC-PERP","carry":"-22.21","days":"2.9"},{"contract":"ETH-PERP","carry":"-39.20","days":"1.7"}],"prices":{"ADA":"0.449695","BNB":"550.84","BTC":"59756.825","BTC-PERP":"59768.77223225","ETH":"3009.725","ETH-PERP":"3010.32248524","SOL":"149.81","XRP":"0.59825"},"targets":{"spot":{"BTC":"0.285117634867454825497221464282","ETH":"0.114882365132545174502778535718","SOL":"0.1","XRP":"0.1","BNB":"0.1","ADA":"0.1"},"stable":"0.1","collateral":"0.1","futures":{"BTC-PERP":"0.05","ETH-PERP":"0.05"}},"stand":null,"hedge":null}','{"value":"43873.224430486192140","lines":[{"line":"CORE","weight":"0.40001345765699210544650975000812940634627256518997494072507122032431169709078325","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"ALT","weight":"0.39999435099203001274605140311449796013476549418358863203309635316248298673838176","target":"0.4","band":"0.05","breach":null,"base":null},{"line":"STABLE","weight":"0.099991827537586454057372548386155495476603644590648332115412590918642375824081200","target":"0.1","band":"0.05","breach":null,"base":null},{"line":"FUTURES","weight":"0.10000036381339142775006629849121713804235829603578809512641983559456294034675380","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.89900191327648521173259047929132066136424901752371840545564491685787253915754075","gross":"0.89900191327648521173259047929132066136424901752371840545564491685787253915754076","futures_net":"0.098994104627463093540029326168693294883210958150154832697477343371077855328375755","beta":"0.99548441630706000291346763910680487300855345065481304446539289942522821476350840","leverage":"0.98993744474964017852482324189799370272264875012893238721025805103949918938708594","values":{"ADA":"4387.3143590","BNB":"4387.275348","BTC":"12509.49374550","ETH":"5040.3864575","SOL":"4387.18585","XRP":"4387.266375","USDT":"4386.96389077100","FUTURES":"4387.338404715192140"},"liquidation":null,"book":{"BTC-PERP":"2151.67580036100","ETH-PERP":"2191.51476925472"},"exposure":{"line":"net","weight":"0.098994104627463093540029326168693294883210958150154832697477343371077855328375755","target":"0.1","band":"0.05","breach":null,"base":null}}','44.08806951380786',1767606660000000,1767606960000000,1767606720000000,NULL,NULL,43,1795840958,4,NULL,'');
INSERT INTO "pf_plans" VALUES(4,2,2,'manual','proposed','{"reasons":[{"trigger":"manual","line":"","weight":null,"target":null,"band":null,"event":"","reading":null,"limit":null,"size":null}],"before":{"value":"43907.24250000","lines":[{"line":"CORE","weight":"0.95444942824637643778244557261823035231602166772372462242419345737778909709485855","target":"0.400000000000000000000000000000","band":"0.05","breach":"over","base":null},{"line":"ALT","weight":"0E+2","target":"0.4","band":"0.05","breach":"under","base":null},{"line":"STABLE","weight":"0.045550571753623562217554427381769647683978332276275377575806542622210902905141447","target":"0.1","band":"0.05","breach":"under","base":null},{"line":"FUTURES","weight":"0","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.95444942824637643778244557261823035231602166772372462242419345737778909709485855","gross":"0.95444942824637643778244557261823035231602166772372462242419345737778909709485855","futures_net":"0","beta":"0.98185943924854766272329673174078285604020794519264105460505746859416188570712451","leverage":"0","values":{"ADA":"0.000000","BNB":"0.00","BTC":"29872.2625","ETH":"12034.980","SOL":"0.00","XRP":"0.00000","USDT":"2000","FUTURES":"0E-8"},"liquidation":null,"book":{},"exposure":{"line":"net","weight":"0","target":"0.1","band":"0.05","breach":"under","base":null}},"left_out":[],"slippage_bps":"1.185684748896354274231531617","holding":[{"contract":"BTC-PERP","carry":"-22.05","days":"2.9"},{"contract":"ETH-PERP","carry":"-38.94","days":"1.7"}],"prices":{"ADA":"0.449745","BNB":"550.67","BTC":"59744.525","BTC-PERP":"59756.47630068","ETH":"3008.745","ETH-PERP":"3009.34329598","SOL":"149.82","XRP":"0.59795"},"targets":{"spot":{"BTC":"0.285127445452895164839347279889","ETH":"0.114872554547104835160652720111","SOL":"0.1","XRP":"0.1","BNB":"0.1","ADA":"0.1"},"stable":"0.1","collateral":"0.1","futures":{"BTC-PERP":"0.05","ETH-PERP":"0.05"}},"stand":null,"hedge":null}','{"value":"43863.164781862851040","lines":[{"line":"CORE","weight":"0.40000907828372256983573099113050446639505588768990154678845185931126795894393443","target":"0.400000000000000000000000000000","band":"0.05","breach":null,"base":null},{"line":"ALT","weight":"0.39999672404520159401539204676554962319969350939868144230005595370500397291630268","target":"0.4","band":"0.05","breach":null,"base":null},{"line":"STABLE","weight":"0.099993912596329676782758085369105353610596296516407745944096044166104170066346200","target":"0.1","band":"0.05","breach":null,"base":null},{"line":"FUTURES","weight":"0.10000028507474615936611887673484055679465430639500926496739614281762389807341669","target":"0.1","band":null,"breach":null,"base":null}],"net":"0.89899626705921477900602647776718981674955770421248379905814361473306774347222889","gross":"0.89899626705921477900602647776718981674955770421248379905814361473306774347222890","futures_net":"0.098990464730290615154903439871135727154808307123900809969635801716795811611991786","beta":"0.99547765826624508804998180390829518764624708516224381439420034346236238269473955","leverage":"0.98990182534279032865775592628911135369685433773759191045070909127501909568369042","values":{"ADA":"4386.2730360","BNB":"4386.306818","BTC":"12506.91886350","ETH":"5038.7452515","SOL":"4386.28014","XRP":"4386.262225","USDT":"4386.04946539600","FUTURES":"4386.328982466851040"},"liquidation":null,"book":{"BTC-PERP":"2151.23314682448","ETH-PERP":"2190.80191947344"},"exposure":{"line":"net","weight":"0.098990464730290615154903439871135727154808307123900809969635801716795811611991786","target":"0.1","band":"0.05","breach":null,"base":null}}','44.07771813714896',1767606720000000,1767607020000000,NULL,NULL,NULL,43,1795840960,NULL,NULL,'');
CREATE TABLE pf_portfolios (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	person_id BIGINT NOT NULL, 
	name TEXT NOT NULL, 
	mode TEXT NOT NULL, 
	exchange TEXT NOT NULL, 
	strategy TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	answering TEXT, 
	paused BOOLEAN NOT NULL, 
	snoozed_until BIGINT, 
	window_opened_at BIGINT, 
	last_plan_number INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT ck_pf_portfolios_mode CHECK (mode IN ('demo', 'paper', 'manual', 'live')), 
	CONSTRAINT ck_pf_portfolios_answer CHECK (answer IN ('ask', 'notify', 'auto')), 
	CONSTRAINT fk_pf_portfolios_person_id FOREIGN KEY(person_id) REFERENCES pf_people (id) ON DELETE CASCADE
);
INSERT INTO "pf_portfolios" VALUES(1,42,'balanced','demo','simulated','{"preset":"balanced","weights":{"CORE":"0.40","ALT":"0.40","STABLE":"0.10","FUTURES":"0.10"},"members":{"CORE":["BTC","ETH"],"ALT":["SOL","XRP","BNB","ADA"]},"futures_net":"0.10","futures_split":{"BTC-PERP":"0.5","ETH-PERP":"0.5"},"bands":{"CORE":{"abs_pp":"6","rel":null},"ALT":{"abs_pp":"5","rel":null},"STABLE":{"abs_pp":"5","rel":null}},"futures_band_pp":"5","theta":"1","band_mode":"article","turnover_budget":null,"tilt":"0","gross_cap":"1.25","sleeve_cap":"3","move_limit_pct":"5","schedule":{"freq":"monthly","time":"09:00","zone":"UTC","set_at":"2026-01-05T09:50:00Z","weekday":0,"day":1,"only_outside":false},"triggers":{"volatility":{"on":true,"params":{},"mode":""},"trend":{"on":true,"params":{},"mode":""},"fear_greed":{"on":true,"params":{"enter":"20"},"mode":""}}}','auto','{"limits":{"trade":"500","turnover":null,"share":"0.2"},"unanswered":"reduce","after_min":30}',0,NULL,1767606720000000,2,1767603600000000);
INSERT INTO "pf_portfolios" VALUES(2,43,'balanced','manual','simulated','{"preset":"balanced","weights":{"CORE":"0.40","ALT":"0.40","STABLE":"0.10","FUTURES":"0.10"},"members":{"CORE":["BTC","ETH"],"ALT":["SOL","XRP","BNB","ADA"]},"futures_net":"0.10","futures_split":{"BTC-PERP":"0.5","ETH-PERP":"0.5"},"bands":{"CORE":{"abs_pp":"5","rel":null},"ALT":{"abs_pp":"5","rel":null},"STABLE":{"abs_pp":"5","rel":null}},"futures_band_pp":"5","theta":"1","band_mode":"article","turnover_budget":null,"tilt":"0","gross_cap":"1.25","sleeve_cap":"3","move_limit_pct":"1","schedule":null,"triggers":{"volatility":{"on":true,"params":{},"mode":""},"trend":{"on":true,"params":{},"mode":""},"fear_greed":{"on":true,"params":{},"mode":""}}}','ask','{"limits":null,"unanswered":"expire","after_min":30}',0,NULL,NULL,2,1767606660000000);
CREATE TABLE pf_schema_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT pf_schema_version_pkc PRIMARY KEY (version_num));
INSERT INTO "pf_schema_version" VALUES('0003');
CREATE TABLE pf_states (
	portfolio_id BIGINT NOT NULL, 
	"key" TEXT NOT NULL, 
	body TEXT NOT NULL, 
	CONSTRAINT pk_pf_states PRIMARY KEY (portfolio_id, "key"), 
	CONSTRAINT fk_pf_states_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES pf_portfolios (id) ON DELETE CASCADE
);
INSERT INTO "pf_states" VALUES(1,'hedge:cover','{"kind":"cover","contract":"BTC-PERP","qty":"-0.016","opened_at":"2025-01-06T00:43:00Z","price":"59794.4","moved":{},"size":"literal","coverage":"0.5","drop":"0.2","ratio":null,"loss":"1800.14770042","accepted":false,"reason":"manual","plan_id":2,"settled":true,"low":"59794.4","peaked":false,"calm":1,"age_days":0,"checked_at":null,"funding":"0","funded_to":"2025-01-06T00:43:00Z","warned":false,"closed":"","counted_plan":0}');
INSERT INTO "pf_states" VALUES(1,'triggers','{"told":{"volatility:SOL":"0.4"},"anchors":{"SOL":{"since":"2026-01-03T09:52:00Z","weight":"0.12","share":"0.25","over":false}},"pending":[{"trigger":"volatility","line":"SOL","weight":null,"target":null,"band":null,"event":"begin","reading":"2.4","limit":"2","size":"0.4"}]}');
INSERT INTO "pf_states" VALUES(1,'ALT','{"fired":true,"side":"under","last_drift":"0.061","streak":0}');
INSERT INTO "pf_states" VALUES(1,'margin','{"fired":false}');
INSERT INTO "pf_states" VALUES(1,'rang','{"at":"2026-01-05T09:52:00+00:00"}');
INSERT INTO "pf_states" VALUES(1,'tilts','{"SOL":{"asset":"SOL","contract":"SOL-PERP","weight":"-0.02","since":"2026-01-05T09:52:00Z","noted_at":"2026-01-05T09:52:00Z","placed":true}}');
INSERT INTO "pf_states" VALUES(2,'problem','{"since":"2026-01-05T08:52:00+00:00","told":"2026-01-05T09:52:00+00:00"}');
CREATE TABLE pf_updates (
	id BIGINT NOT NULL, 
	body TEXT NOT NULL, 
	received_at BIGINT NOT NULL, 
	finished BOOLEAN NOT NULL, 
	CONSTRAINT pk_pf_updates PRIMARY KEY (id)
);
INSERT INTO "pf_updates" VALUES(1795840941,'',1795840940311848,1);
INSERT INTO "pf_updates" VALUES(1795840942,'',1795840940370878,1);
INSERT INTO "pf_updates" VALUES(1795840943,'',1795840940395335,1);
INSERT INTO "pf_updates" VALUES(1795840944,'',1795840941129948,1);
INSERT INTO "pf_updates" VALUES(1795840945,'',1795840942300884,1);
INSERT INTO "pf_updates" VALUES(1795840946,'',1795840945371440,1);
INSERT INTO "pf_updates" VALUES(1795840947,'',1795840945451642,1);
INSERT INTO "pf_updates" VALUES(1795840948,'',1795840946058837,1);
INSERT INTO "pf_updates" VALUES(1795840949,'',1795840946078647,1);
INSERT INTO "pf_updates" VALUES(1795840950,'',1795840946104178,1);
INSERT INTO "pf_updates" VALUES(1795840951,'',1795840946124383,1);
INSERT INTO "pf_updates" VALUES(1795840952,'',1795840946208278,1);
INSERT INTO "pf_updates" VALUES(1795840953,'',1795840946225892,1);
INSERT INTO "pf_updates" VALUES(1795840954,'',1795840946241922,1);
INSERT INTO "pf_updates" VALUES(1795840955,'',1795840946265003,1);
INSERT INTO "pf_updates" VALUES(1795840956,'',1795840946327042,1);
INSERT INTO "pf_updates" VALUES(1795840957,'',1795840946496537,1);
INSERT INTO "pf_updates" VALUES(1795840958,'',1795840946618553,1);
CREATE TABLE pf_values (
	portfolio_id BIGINT NOT NULL, 
	day TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_pf_values PRIMARY KEY (portfolio_id, day), 
	CONSTRAINT fk_pf_values_portfolio_id FOREIGN KEY(portfolio_id) REFERENCES pf_portfolios (id) ON DELETE CASCADE
);
INSERT INTO "pf_values" VALUES(1,'2026-01-05','9991.61018377946');
INSERT INTO "pf_values" VALUES(2,'2026-01-05','43907.24250000');
CREATE INDEX ix_pf_people_chat_id ON pf_people (chat_id);
CREATE INDEX ix_pf_updates_received_at ON pf_updates (received_at);
CREATE INDEX ix_pf_outbox_ended_at ON pf_outbox (ended_at);
CREATE INDEX ix_pf_outbox_waiting ON pf_outbox (chat_id, id) WHERE state = 'waiting';
CREATE INDEX ix_pf_portfolios_person_id ON pf_portfolios (person_id);
CREATE UNIQUE INDEX uq_pf_plans_open ON pf_plans (portfolio_id) WHERE state IN ('proposed', 'confirmed', 'running', 'parked');
CREATE INDEX ix_pf_plans_due ON pf_plans (expires_at) WHERE state = 'proposed';
CREATE INDEX ix_pf_alerts_portfolio_id ON pf_alerts (portfolio_id);
CREATE INDEX ix_pf_orders_unsettled ON pf_orders (plan_id) WHERE state IN ('submitting', 'open', 'unknown');
CREATE INDEX ix_pf_events_plan_id ON pf_events (plan_id);
CREATE INDEX ix_pf_events_at ON pf_events (at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('pf_portfolios',2);
INSERT INTO "sqlite_sequence" VALUES('pf_plans',4);
INSERT INTO "sqlite_sequence" VALUES('pf_events',163);
INSERT INTO "sqlite_sequence" VALUES('pf_outbox',70);
INSERT INTO "sqlite_sequence" VALUES('pf_orders',54);
COMMIT;
