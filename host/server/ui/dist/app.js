(()=>{async function Fe(a){let o=a.target instanceof Element?a.target.closest("[data-copy]"):null;if(!(o instanceof HTMLElement))return;let h=o.textContent,l=o.dataset.
copy||location.href;try{await navigator.clipboard.writeText(l),o.textContent="Copied"}catch{o.textContent=o.dataset.copy?"Select and copy the text":"Copy the ad\
dress of this page"}setTimeout(()=>o.textContent=h,2e3)}function oe(){document.addEventListener("click",Fe)}function b(a,o={},...h){let l=document.createElement(a);for(let[e,t]of Object.entries(o))l.setAttribute(e,t);return l.append(...h),l}function k(a,o,h="button"){
let l=b("button",{type:"button",class:h},a);return l.addEventListener("click",o),l}var j=(a,o)=>b("label",{class:"field-inline"},b("span",{},a),o),Pe=0;function O(a,o){
let h=`dialog-title-${Pe+=1}`,l=b("h2",{id:h},a),e=b("dialog",{class:"dialog","aria-labelledby":h},l,...o);return e.addEventListener("close",()=>e.remove()),document.
body.append(e),e.showModal(),e}function G(a){try{return localStorage.getItem(a)}catch{return null}}function ae(a,o){try{o===null?localStorage.removeItem(a):localStorage.
setItem(a,o)}catch{}}var X=[],Q=new WeakSet,B=new WeakSet;function H(a){X.length===0&&document.addEventListener("submit",Ve,!0),X.push(a)}async function Ve(a){let o=a.target,h=a.submitter;
if(Q.delete(o))return;if(B.has(o)){a.preventDefault(),a.stopImmediatePropagation();return}let l=!1;for(let e of X){let t=e(o,h);if(t!==null&&(l||(l=!0,B.add(o),
a.preventDefault(),a.stopImmediatePropagation()),!await t)){B.delete(o);return}}l&&(B.delete(o),Q.add(o),o.requestSubmit(h),Q.delete(o))}function We(a){let o=a.target instanceof HTMLInputElement?a.target:null,h=o?.dataset.checkAll;if(!o||!h)return;(o.form?.querySelectorAll(`input[type="checkbox"]\
[name="${CSS.escape(h)}"]`)??[]).forEach(e=>e.checked=o.checked)}var le="form-notice";function ze(a){let{needs:o,needsText:h}=a.dataset;if(document.getElementById(
le)?.remove(),!o||a.querySelector(`input[type="checkbox"][name="${CSS.escape(o)}"]:checked`))return null;let l=b("div",{id:le,class:"alert","data-kind":"error",
role:"alert"},h??"");return a.append(l),l.scrollIntoView({block:"nearest"}),Promise.resolve(!1)}function he(){document.querySelector("[data-flash]")?.scrollIntoView(
{block:"nearest"})}function ce(){document.addEventListener("change",We),H(ze)}function J(a,o,h,...l){return new Promise(e=>{let t=k("Back",()=>i.close(),"button plain"),s=k(o,()=>i.close("confirmed"),h?"button danger":"button");t.autofocus=
h,s.autofocus=!h;let n=b("div",{class:"dialog-actions"},t,s),i=O("Please confirm",[b("p",{},a),...l,n]);l.forEach(r=>r.addEventListener("keydown",c=>{c.key==="E\
nter"&&(c.preventDefault(),i.close("confirmed"))})),i.addEventListener("close",()=>e(i.returnValue==="confirmed"))})}function Ke(a,o){let h=o?.dataset.confirm??
a.dataset.confirm;if(h===void 0)return null;let l=o?.textContent?.trim()||"Confirm",e=o?.classList.contains("danger")??!1,t=a.querySelector('input[type="hidden"\
][data-reason]');return t instanceof HTMLInputElement?Ge(t,h,l,e):J(h,l,e)}async function Ge(a,o,h,l){let e=b("input",{maxlength:"1000",autocomplete:"off"}),t=b(
"label",{class:"field"},a.dataset.reason??"",e),s=await J(o,h,l,t);return s&&(a.value=e.value.trim()),s}async function Qe(a){let{ctx:o,issueRequest:h,dropRequest:l}=a.
detail;a.preventDefault();let e=o.sourceElement,t=e.matches("button")&&e.textContent?.trim()||"Confirm";await J(o.confirm,t,e.classList.contains("danger"))?h():
l()}function Xe(a){let o=a.target instanceof Element?a.target:null,h=o?.closest("[data-open-dialog]"),l=h?.getAttribute("data-open-dialog"),e=l?document.getElementById(
l):o?.closest("[data-close-dialog]")?.closest("dialog");e instanceof HTMLDialogElement&&(h?e.showModal():e.close())}function ue(){H(Ke),document.addEventListener(
"htmx:confirm",Qe),document.addEventListener("click",Xe)}var D="stepwell-draft:";function Je(a){try{let o=JSON.parse(sessionStorage.getItem(D+a)??"null");return typeof o?.text=="string"&&typeof o?.base=="string"?o:null}catch{
return null}}function Ye(a,o){try{o&&o.text!==o.base?sessionStorage.setItem(D+a,JSON.stringify(o)):sessionStorage.removeItem(D+a)}catch{}}var Ze=a=>/\/(editor\/(save|try)|dead-letters\/[^/]+\/redrive)$/.test(a);function fe(){let a=Ze(location.pathname);if(!(!a&&document.querySelector("[data-draft], main.bare")))try{for(let o of Object.keys(sessionStorage)){let h=o.startsWith(
D)?o.slice(D.length):"",l=h?Je(h):null;l?.sent&&Ye(h,a?{base:l.base,text:l.text}:null)}}catch{}}var de=(()=>{let a={parse(l){if(!l)return{};if(l.startsWith("{"))return JSON.parse(l);let e=/(?:"([^"]+)"|'([^']+)'|([^\s,:]+))(?:\s*:\s*(?:"([^"]*)"|'([^']*)'|<((?:[^/]|\/(?!>))+)\/>|([^\s,]+)))?(?=\s|,|$)/g,
t={};for(let s of l.matchAll(e)){let[,n,i,r,c,u,p,d]=s,f=n??i??r,g=(c??u??p??d??"true").trim();try{g=JSON.parse(g)}catch{}let y=r?.includes(".")?f.split(".").reduceRight(
(S,E)=>({[E]:S}),g):{[f]:g};a.merge(y,t)}return t},split(l){return l.split(/,(?![^\[]*\])(?![^(]*\))(?![^<]*\/>)(?=(?:[^"']|"[^"]*"|'[^']*')*$)/)},merge(l,e){typeof l==
"string"&&(l=a.parse(l));for(let[t,s]of Object.entries(l)){if(["__proto__","constructor","prototype"].includes(t))continue;let n=s?.constructor===Object,i=e[t]?.
constructor===Object;n&&i?a.merge(s,e[t]):e[t]=s}return e}};class o{#e=null;#t=[];admit(e,t,s){if(!this.#e)return this.#e={strategy:e,abort:s},"run";if(e==="rep\
lace"||e!=="abort"&&this.#e.strategy==="abort")return this.#t=[],this.#e.abort?.(),this.#e={strategy:e,abort:s},"run";if(e==="queue all")this.#t.push(t);else if(e===
"queue last")this.#t=[t];else if(e!=="abort"&&e!=="drop"&&this.#t.length===0)this.#t.push(t);else return"dropped";return"queued"}continue(e){this.#e?.abort===e&&
(this.#e=null,this.#t.shift()?.())}abort(){this.#e?.abort?.()}}class h{#e=a;#t=new Map;#n="";#i=new Set;_loc=window.location;#o;#l=Function;#a=Object.getPrototypeOf(
async function(){}).constructor;#h={createHTML:e=>e,createScript:e=>e};#c;#E="a,form";#q=["get","post","put","patch","delete","query"];#L;#b;#m;#y;#u;constructor(){
this.#R(),this.#j(),this.#c=this.#w("[hx-action],[hx-get],[hx-post],[hx-put],[hx-patch],[hx-delete],[hx-query]"),this.#L=new XPathEvaluator().createExpression(`\
.//*[@*[${this.#O("hx-on").map(t=>`starts-with(name(), "${t}")`).join(" or ")}]]`),this.#o={HCON:a,attributeValue:this.#r.bind(this),parseTriggerSpecs:this.#Z.bind(
this),determineMethodAndAction:this.#ee.bind(this),createRequestContext:this.#U.bind(this),collectFormData:this.#pe.bind(this),getAttributeObject:this.#W.bind(this),
insertContent:this.#V.bind(this),morph:this.#X.bind(this),isSoftMatch:this.#at.bind(this),initSecurity:(t,s,n)=>{t&&(this.#h=t),s&&(this.#l=s),n&&(this.#a=n)},onTrigger:this.#H.
bind(this),htmxProp:this.#p.bind(this),triggerHtmxEvent:this.#s.bind(this),executeJavaScript:this.#S.bind(this)};let e=()=>this.initialize();document.readyState===
"loading"?document.addEventListener("DOMContentLoaded",e):setTimeout(e)}#R(){this.version="4.0.1",this.config={logAll:!1,prefix:"data-hx-",transitions:!1,history:!0,
mode:"same-origin",defaultSwap:"innerHTML",defaultFocusScroll:!1,indicatorClass:"htmx-indicator",requestClass:"htmx-request",includeIndicatorCSS:!0,defaultTimeout:6e4,
extensions:"",morphIgnore:["data-htmx-powered"],morphSkip:"[hx-morph-skip]",morphSkipChildren:"[hx-morph-skip-children]",morphScanLimit:10,noSwap:[204,304],implicitInheritance:!1,
defaultSettleDelay:1,allowEmptySwapAfterOOB:!1};let e=document.querySelector('meta[name="htmx-config"]');e&&a.merge(e.content,this.config),this.#n=this.config.extensions}#j(){
if(this.config.includeIndicatorCSS!==!1){let e=this.config.indicatorClass,t=this.config.requestClass;try{this.indicatorStyleSheet=new CSSStyleSheet,this.indicatorStyleSheet.
replaceSync(`.${e}{opacity:0;visibility: hidden} .${t} .${e}, .${t}.${e}{opacity:1;visibility: visible;transition: opacity 200ms ease-in}`),document.adoptedStyleSheets.
push(this.indicatorStyleSheet)}catch{}}}registerExtension(e,t){if(this.#n&&!this.#n.split(/,\s*/).includes(e)||this.#i.has(e))return!1;this.#i.add(e),t.init&&t.
init(this.#o),Object.entries(t).forEach(([s,n])=>{this.#t.get(s)?.push(n)||this.#t.set(s,[n])})}#T(e){let t=this.config.prefix;return!e.closest||e.closest("[hx-\
ignore]")!=null||t&&e.closest(`[${t}ignore]`)!=null}#M(e,t){let s=this.config.prefix;return e.getAttribute(t)??(s?e.getAttribute(t.replace("hx-",s)):null)}#B(e,t){
let s=this.config.prefix&&t.replace("hx-",this.config.prefix);return e.hasAttribute(t)?t:s&&e.hasAttribute(s)?s:null}#w(e){return this.#O(e).join(",")}#O(e){let t=[
e];return this.config.prefix&&t.push(e.replaceAll("hx-",this.config.prefix)),t}#v(e,t){let s=[...e.querySelectorAll?.(t)??[]];return e.matches?.(t)&&s.unshift(e),
s}#Ee(e){return e==="before"?"beforebegin":e==="after"?"afterend":e==="prepend"?"afterbegin":e==="append"?"beforeend":e}#Te(e,t){let s=[];return this.#r(e,t,void 0,
(n,i)=>{n?.split(/\s*[,:]\s*/).includes("this")&&s.push(i)}),s}#r(e,t,s,n,i=this.config.implicitInheritance){t=this.#I(t);let r=this.#I(":inherited"),c=this.#I(
":append"),u=this.#M(e,t)??this.#M(e,t+r);if(u!=null)return n?n(u,e):u;let p=CSS.escape(i?t:t+r),d=CSS.escape(t+r+c),f=this.#w(`[${p}],[${d}]`),g=this.#B(e,t+c)??
this.#B(e,t+r+c);if(g){let y=e.getAttribute(g),S=e.parentNode?.closest?.(f);if(n&&n(y,e),S){let E=this.#r(S,t,void 0,n,i);return E?(E+","+y).replace(/[{}]/g,""):
y}return y}let m=e.parentNode?.closest?.(f);return m?(u=this.#r(m,t,void 0,n),!n&&u&&i&&this.#g(e,"htmx:after:implicitInheritance",{elt:e,name:t,parent:m}),u):s}#Z(e){
return a.split(e).flatMap(t=>{t=t.replace(/^\s*every\s+(\S+?)\s*(\[[^\]]*\])/,"every$2 $1");let[,s,n]=t.match(/^\s*(\S+\[[^\]]*\]|\S+)\s*(.*?)\s*$/)??[];if(!s)return[];
if(/\[[^\]]*$/.test(s))throw"unterminated:"+s;return[{name:s,...a.parse(n)}]})}#ee(e,t){let s=this.#r(e,"hx-method"),n=this.#r(e,"hx-action",void 0,void 0,!1);if(!n)
for(let i of this.#q){let r=this.#r(e,"hx-"+i,void 0,void 0,!1);if(r!=null){n=r,s=i;break}}return this.#C(e)&&(n||=t.submitter?.getAttribute?.("formAction")||e.
getAttribute(e.matches("a")?"href":"action")),s||=t.submitter?.getAttribute?.("formmethod")||e.getAttribute("method")||"GET",{action:n,method:s.toUpperCase()}}#p(e){
return e._htmx||(e._htmx={listeners:[],triggerSpecs:[]},e.setAttribute("data-htmx-powered","true")),e._htmx}#x(e){return e._htmx_state||={}}#Ce(e){if(this.#he(e)&&
this.#s(e,"htmx:before:init",{},!0)){let t=this.#p(e);t.initialized=!0,t.eventHandler=this.#te(e),this.#ae(e),this.#s(e,"htmx:after:init",{},!0)}}#te(e){return async t=>{
try{let s=this.#U(e,t);await this.#ie(s)}catch(s){this.#s(e,"htmx:error",{error:s})}}}#U(e,t){let{action:s,method:n}=this.#ee(e,t),[i,r]=(s||"").split("#"),c=new AbortController,
u={sourceElement:e,sourceEvent:t,status:"created",select:this.#r(e,"hx-select"),selectOOB:this.#r(e,"hx-select-oob"),target:this.#r(e,"hx-target"),swap:this.#r(
e,"hx-swap")??this.config.defaultSwap,push:this.#r(e,"hx-push-url"),replace:this.#r(e,"hx-replace-url"),transition:this.config.transitions,confirm:this.#r(e,"hx\
-confirm"),request:{validate:this.#r(e,"hx-validate",e.matches("form")&&!e.noValidate&&!t.submitter?.formNoValidate?"true":"false",void 0,!1)==="true",action:i,
anchor:r,method:n,headers:this.#ke(e),abort:c.abort.bind(c),credentials:"same-origin",signal:c.signal,mode:this.config.mode}};e._htmx?.boosted&&a.merge(e._htmx.
boosted,u),u.target=this.#F(e,u.target),u.target&&(u.request.headers["HX-Target"]=this.#se(u.target));let p=this.#r(e,"hx-config");return p&&(a.merge(p,u.request),
u.request.mode=this.config.mode),u}#se(e){return`${e.tagName.toLowerCase()}${e.id?"#"+encodeURI(e.id):""}`}#ke(e){let t={"HX-Request":"true","HX-Source":this.#se(
e),"HX-Current-URL":location.href,Accept:"text/html"};return this.#C(e)&&(t["HX-Boosted"]="true"),t}#Ae(e,t){return this.#W(e,"hx-headers",s=>{for(let n in s)t.
request.headers[n]=String(s[n])},{ctx:t})}#F(e,t){return t instanceof Element?t:t!=null?this.#K(e,t,"hx-target"):this.#C(e)?document.body:e}#C(e){return e?._htmx?.
boosted}async#ie(e){let t=e.sourceElement,s=e.sourceEvent;if(!t.isConnected||this.#Oe(s))return;this.#oe(s)&&s.preventDefault();let n=/GET|DELETE/.test(e.request.
method),i=n?t.matches("form")?t:null:t.form||t.closest("form"),r=this.#pe(t,i,s.submitter,e.request.validate,n);if(!r)return;let c=this.#W(t,"hx-vals",d=>{e.vals=
d;for(let f in d)r.set(f,d[f])},{ctx:e});if(c&&await c,e.values)for(let d in e.values)r.delete(d),r.append(d,e.values[d]);let u=this.#Ae(t,e);if(u&&await u,Object.
assign(e.request,{form:i,submitter:s.submitter,body:r}),!this.#s(t,"htmx:config:request",{ctx:e})||e.request.method==="DIALOG")return;let p=this.#Q(e.request.action);
if(p!=null){let d=Object.fromEntries(e.request.body);await this.#S(e.sourceElement,d,p,!1);return}else if(n){let d=new URL(e.request.action,document.baseURI);for(let f of e.
request.body.keys())d.searchParams.delete(f);for(let[f,g]of e.request.body)d.searchParams.append(f,g);d.origin===location.origin?e.request.action=d.pathname+d.search:
e.request.action=d.href,e.request.body=null}else(this.#r(t,"hx-encoding")??i?.enctype)!=="multipart/form-data"&&(e.request.body=new URLSearchParams(e.request.body));
await this.#re(e)}async#re(e){let t=e.sourceElement,s=this.#Me(t),n=this.#ne(t);this.#nt(t);let i=()=>e.request?.abort?.();if(n.admit(s,()=>this.#re(e),i)==="ru\
n"){e.status="issuing",e.indicators??=[],e.disabledElements??=[];try{if(e.confirm&&!await new Promise(u=>{let p={ctx:e,issueRequest:()=>u(!0),dropRequest:()=>u(
!1)};if(this.#s(t,"htmx:confirm",p)){let d=this.#Q(e.confirm);u(d?this.#S(t,{ctx:e},d,!0):window.confirm(e.confirm))}})||(this.#Le(e),this.#Ye(e),this.#et(e),e.
fetch||=window.fetch.bind(window),e.request.headers["HX-Request-Type"]=e.target===document.body||e.select?"full":"partial",!this.#s(t,"htmx:before:request",{ctx:e})))
return;let r=await e.fetch(e.request.action,e.request);if(e.response={raw:r,status:r.status,headers:r.headers},this.#Ie(e),!this.#s(t,"htmx:before:response",{ctx:e})||
(e.text=await r.text(),!this.#s(t,"htmx:after:request",{ctx:e})))return;if(e.response.status>=400&&this.#s(t,"htmx:response:error",{ctx:e}),this.#qe(e)){e.keepIndicators=
!0;return}if(e.status==="issuing"){if(e.hx.retarget&&(e.target=e.hx.retarget),e.hx.reswap&&(e.swap=e.hx.reswap),e.hx.reselect&&(e.select=e.hx.reselect),e.target?.
isConnected===!1)return;e.status="response received",this.#ct(e),await this.swap(e),e.status="swapped"}}catch(r){e.status="error: "+r,(r?.name!=="AbortError"||e.
request.signal.reason==="timeout")&&this.#s(t,"htmx:error",{ctx:e,error:r})}finally{await e.extensionPromise?.catch(()=>{}),clearTimeout(e.requestTimeout),e.hx?.
trigger&&this.#$e(e.hx.trigger,e.sourceElement),this.#s(t,"htmx:finally:request",{ctx:e}),e.keepIndicators||(this.#Ze(e.indicators),this.#tt(e.disabledElements)),
n.continue(i)}}}#Ie(e){e.hx={};for(let[t,s]of e.response.raw.headers)t.toLowerCase().startsWith("hx-")&&(e.hx[t.slice(3).toLowerCase().replace(/-/g,"")]=s)}#qe(e){
if(e.hx.refresh==="true")return this._loc.reload(),!0;if(e.hx.redirect)return this._loc.href=e.hx.redirect,!0;if(e.hx.location){let t=e.hx.location,s={},n=a.parse(
t);return(t[0]==="{"||n.path!=null)&&(s=n,t=s.path,delete s.path),s.push==null&&s.replace==null&&(s.push="true"),s.indicators=e.indicators,s.disabledElements=e.
disabledElements,this.ajax("GET",t,s),!0}}#Le(e){let t=e.request.timeout!=null?this.parseInterval(e.request.timeout):this.config.defaultTimeout;t&&(e.requestTimeout=
setTimeout(()=>e.request?.abort?.("timeout"),t))}#Me(e){let t=this.#r(e,"hx-sync");if(!t)return"queue first";let s=t.split(":").pop().trim();return/^(drop|abort|replace|queue)/.
test(s)?s:"queue first"}#ne(e){let t=this.#r(e,"hx-sync"),s=e;if(t){let n=t.includes(":")?t.slice(0,t.lastIndexOf(":")).trim():/^(drop|abort|replace|queue)/.test(
t)?null:t;n&&(s=this.#K(e,n,"hx-sync")||e)}return this.#x(s).rq||=new o}#Oe(e){return e.type==="click"&&(e.ctrlKey||e.metaKey||e.shiftKey)&&!!e.currentTarget?.closest?.(
"a[href]")}#oe(e){let t=e.currentTarget;if(e.type==="submit"&&t?.tagName==="FORM")return!0;if(!(e.type==="click"&&e.button===0))return!1;let i=t?.closest?.('but\
ton, input[type="submit"], input[type="image"]'),r=i?.form||i?.closest("form");if(i&&!i.disabled&&r&&(i.type==="submit"||i.type==="image"||!i.type&&i.tagName===
"BUTTON"))return!0;let u=t?.closest?.("a");if(!u||!u.href)return!1;let p=u.getAttribute("href");return!(p&&p.startsWith("#")&&p.length>1)}#ae(e,t=e._htmx.eventHandler){
let n=this.#r(e,"hx-trigger",void 0,void 0,!1)||(e.matches("form")?"submit":e.matches("input:not([type=button]):not([type=submit]),select,textarea")?"change":"c\
lick");this.#H(e,n,t)}#H(e,t,s){let n=this.#Z(t);this.#p(e).triggerSpecs.push(...n);for(let i of n){i.listeners=[];let[r,c]=this.#He(i.name),u=[e];i.from==="out\
side"?u=[document]:i.from&&i.from!=="self"&&(u=this.#d(e,i.from));let p=f=>{if((i.halt||i.prevent)&&f.preventDefault(),(i.halt||i.stop||i.consume)&&f.stopPropagation(),
i.changed){let g=this.#x(e).changedValues??=new WeakMap,m=f.target;if(!["checkbox","radio"].includes(m?.type)){let y=m?.value;if(g.has(m)&&g.get(m)===y)return;g.
set(m,y)}}if(i.once)for(let g of i.listeners)g.fromElt.removeEventListener(g.eventName,g.handler,g);s(f)},d=p;if(i.delay?d=f=>{clearTimeout(i.timeout),i.timeout=
setTimeout(()=>p(f),this.parseInterval(i.delay))}:i.throttle&&(d=f=>{i.throttled?i.throttledEvent=f:(i.throttled=!0,p(f),i.throttleTimeout=setTimeout(()=>{if(i.
throttled=!1,i.throttledEvent){let g=i.throttledEvent;i.throttledEvent=null,d(g)}},this.parseInterval(i.throttle)))}),i.handler=f=>{if(this.#oe(f)&&f.preventDefault(),
!(i.from==="self"&&f.target!==e)&&!(i.from==="outside"&&e.contains(f.target))&&!(i.target&&!f.target?.matches?.(i.target))){if(c){let g={};for(let m in f)/^[a-z]+$/i.
test(m)&&(g[m]=f[m]);if(!this.#S(e,g,c,!0,!1))return}if(r!=="every")for(let g of this.#p(e).triggerSpecs)clearTimeout(g.timeout),g.throttledEvent=null;d(f)}},r===
"intersect"||r==="revealed"){let f={rootMargin:i.rootMargin};i.root&&(f.root=this.#K(e,i.root)),i.threshold&&(f.threshold=parseFloat(i.threshold));let g=r==="re\
vealed";i.observer=new IntersectionObserver(m=>{for(let y=0;y<m.length;y++)if(m[y].isIntersecting){this.trigger(m[y].target,"intersect",{},!1),g&&i.observer.disconnect();
break}},f),r="intersect";for(let m of u)i.observer.observe(m)}if(r==="every"){let f=Object.keys(i).find(g=>g!=="name");i.interval=setInterval(()=>{e.isConnected?
this.#s(e,"every",{},!1):clearInterval(i.interval)},this.parseInterval(f))}if(r==="load"){i.handler(new CustomEvent("load"));continue}for(let f of u){let g={fromElt:f,
eventName:r,handler:i.handler,capture:!!i.capture,passive:!!i.passive};e._htmx.listeners.push(g),i.listeners.push(g),f.addEventListener(r,i.handler,g)}}}#He(e){
let t=e.match(/^([^\[]*)\[([^\]]*)]/);return t?[t[1],t[2]]:[e,null]}#$e(e,t){if(e[0]==="{"){let s=a.parse(e);for(let n in s){let i=s[n],r=t;i?.target&&(r=this.find(
i.target)),this.trigger(r,n,typeof i=="object"?i:{value:i})}}else e.split(",").forEach(s=>this.trigger(t,s.trim(),{}))}#Ne(e){let t={},s=Object.getPrototypeOf(this);
for(let n of Object.getOwnPropertyNames(s))n!=="constructor"&&typeof this[n]=="function"&&(["find","findAll"].includes(n)?t[n]=(i,r)=>r===void 0?this[n](e,i):this[n](
i,r):t[n]=this[n].bind(this));return t}#S(e,t,s,n=!0,i=!0,r=!1){let c={};Object.assign(c,this.#Ne(e));let u={},p={scope:u,code:s};this.#g(e,"htmx:scope",p),s=p.
code,Object.assign(c,u),Object.assign(c,t);let d=Object.keys(c),f=Object.values(c),g=i?this.#a:this.#l,m=new g(...d,n?`return (${s})`:s);return r?()=>m.call(e,...f):
m.call(e,...f)}process(e,t){if(!e?.isConnected)return;if(!(e instanceof Element)){for(let r of e.children||[])this.process(r,t);return}if(t&&this.#f(e,!0),this.#T(
e)||!this.#s(e,"htmx:before:process"))return;let s=[e],n=this.#L.evaluate(e),i=null;for(;i=n.iterateNext();)s.push(i);for(let r of s)!this.#T(r)&&this.#s(r,"htm\
x:before:on:init",{},!0)&&this.#Je(r);for(let r of this.#v(e,this.#c))this.#Ce(r);for(let r of this.#v(e,this.#E))this.#_e(r);this.#s(e,"htmx:after:process")}#_e(e){
let t=this.#r(e,"hx-boost");if(t&&t!=="false"&&this.#De(e)&&this.#s(e,"htmx:before:init",{},!0)){let s=this.#p(e);s.initialized=!0,s.eventHandler=this.#te(e),s.
boosted=t,this.#ae(e),this.#s(e,"htmx:after:init",{},!0)}}#De(e){if(this.#he(e)){if(e.tagName==="A"){if(e.target===""||e.target==="_self")return!e.hasAttribute(
"download")&&!e.getAttribute("href")?.startsWith?.("#")&&this.#le(e.href)}else if(e.tagName==="FORM")return e.method!=="dialog"&&this.#le(e.action)}}#le(e){try{
return new URL(e,window.location.href).origin===window.location.origin}catch{return!1}}#he(e){return!e._htmx?.initialized&&!this.#T(e)}#f(e,t){let s=[e,...e.querySelectorAll?.(
"[data-htmx-powered]")??[]];for(let n of s)if(n._htmx){this.#s(n,"htmx:before:cleanup");for(let i of n._htmx.triggerSpecs||[])i.interval&&clearInterval(i.interval),
i.timeout&&clearTimeout(i.timeout),i.throttleTimeout&&clearTimeout(i.throttleTimeout),i.observer?.disconnect();for(let i of n._htmx.listeners||[])i.fromElt.removeEventListener(
i.eventName,i.handler,i);n.removeAttribute("data-htmx-powered"),this.#s(n,"htmx:after:cleanup"),t&&delete n._htmx}}#Re(e){let t=document.createElement("div");t.
hidden=!0,document.body.insertAdjacentElement("afterend",t);let s=e.querySelectorAll?.(this.#w("[hx-preserve]"))||[];for(let n of s){let i=document.getElementById(
n.id);i&&this.#A(t,i,null)}return t}#je(e){for(let t of[...e.children]){let s=document.getElementById(t.id);s&&(this.#A(s.parentNode,t,s),this.#f(s),s.remove())}
e.remove()}#P(e){let t=this.#h.createHTML(e);return Document.parseHTMLUnsafe?.(t,{})||new DOMParser().parseFromString(t,"text/html")}#Be(e){let t=e.replace(/<hx-([a-z]+)(\s+|>)/gi,
'<template hx type="$1"$2').replace(/<\/hx-[a-z]+>/gi,"</template>"),s="";t=t.replace(/<head(\s[^>]*)?>[\s\S]*?<\/head>/i,c=>(s=this.#P(c).title,""));let n=t.match(
/<([a-z][^\/>\x20\t\r\n\f]*)/i)?.[1]?.toLowerCase(),i,r;if(n==="html"||n==="body"?(i=this.#P(t),r=document.createDocumentFragment(),r.append(i.body)):(i=this.#P(
`<template>${t}</template>`),r=i.querySelector("template").content),!s){let c=r.querySelector("title:not(svg title)");c&&(s=c.textContent,c.remove())}return this.#de(
r),{fragment:r,title:s}}#ce(e,t,s,n){let i=t.id?"#"+CSS.escape(t.id):null,[,r,c]=s.match(/^(\S+):(.+)/)??[];r&&([s,i]=[r,c||i]),(s==="true"||!s)&&(s="outerHTML");
let u=this.#$(s);if(i=u.target||i,u.strip??=!u.style.startsWith("outer"),!i)return;let p=this.#d(n,i);for(let d of p){let f=document.createDocumentFragment();f.
append(t.cloneNode(!0)),e.push({type:"oob",fragment:f,target:d,swapSpec:u,sourceElement:n})}t.remove()}#Ue(e,t,s){let n=[];if(s)for(let i of s.split(",")){let[r,
c="true"]=i.split(/:(.*)/);for(let u of e.querySelectorAll(r))this.#ce(n,u,c,t)}for(let i of e.querySelectorAll(this.#w("[hx-swap-oob]"))){let r=this.#B(i,"hx-s\
wap-oob"),c=i.getAttribute(r);i.removeAttribute(r),this.#ce(n,i,c,t)}return n}#k(e,t,s){t?t.before(...s.childNodes):e.append(...s.childNodes)}#$(e){e=e.trim();let t=this.
config.defaultSwap;if(e&&!/^\S*:/.test(e)){let s=e.match(/^(\S+)\s*(.*)$/);t=s[1],e=s[2]}return{style:this.#Ee(t),...a.parse(e)}}#Fe(e,t){let s=[];for(let n of e.
querySelectorAll("template[hx]")){let i=n.getAttribute("type");if(i==="partial"){let r=this.#M(n,"hx-target")||(n.id?"#"+CSS.escape(n.id):null);if(r){this.#de(n.
content);let c=this.#$(this.#M(n,"hx-swap")||this.config.defaultSwap);c.ignoreTitle&&(t.title=null);let u=this.#d(t.sourceElement,r);for(let p of u.length?u:[null])
s.push({type:"partial",fragment:n.content.cloneNode(!0),target:p,swapSpec:c,sourceElement:t.sourceElement})}}else this.#g(n,"htmx:process:"+i,{ctx:t,tasks:s});n.
remove()}return s}#ue(e,t,s,n){try{s!=null&&e.setSelectionRange&&e.setSelectionRange(s,n),e.focus(t)}catch{}}#Pe(e){let t=this.#v(e,"[autofocus]")[0];t&&this.#ue(
t)}#fe(e){return e===window||e===document?document.scrollingElement:e}#Ve(e,t){if(e.scroll){let s=e.scrollTarget?this.#fe(this.#G(t,e.scrollTarget)):t;s&&(e.scroll===
"top"?s.scrollTop=0:e.scroll==="bottom"&&(s.scrollTop=s.scrollHeight))}(e.show==="top"||e.show==="bottom")&&(e.showTarget?this.#fe(this.#G(t,e.showTarget)):t)?.
scrollIntoView?.(e.show==="top")}#We(e){e.request?.anchor&&document.getElementById(e.request.anchor)?.scrollIntoView({block:"start",behavior:"auto"})}#de(e){let t=this.#v(
e,"script");for(let s of t){let n=document.createElement("script");for(let i of s.attributes)n.setAttribute(i.name,i.value);this.config.inlineScriptNonce&&(n.nonce=
this.config.inlineScriptNonce),n.textContent=this.#h.createScript(s.textContent),s.replaceWith(n)}}initialize(){this.config.history&&!this.#y&&(this.#y=!0,window.
navigation&&!/firefox/i.test(navigator.userAgent)?navigation.addEventListener("navigate",e=>{e.navigationType==="traverse"&&e.canIntercept&&!e.hashChange&&e.intercept(
{handler:()=>this.#me()})}):window.addEventListener("popstate",e=>this.#me(e.state))),this.process(document.body)}async swap(e){try{let{fragment:t,title:s}=this.#Be(
e.text);e.title=s;let n=[],i=this.#Ue(t,e.sourceElement,e.selectOOB),r=this.#Fe(t,e);n.push(...i,...r);let c=r.length||i.length&&!this.config.allowEmptySwapAfterOOB,
u=this.#ze(e,t,c);if(u&&n.unshift(u),!this.#s(e.sourceElement,"htmx:before:swap",{ctx:e,tasks:n}))return;this.#Xe(e);let p=[],d=[];for(let f of n)f.swapSpec?.transition??
u?.transition??e.transition?d.push(f):p.push(this.#V(f));if(d.length>0){let f=async()=>{for(let g of d)await this.#V(g,!1)};p.push(this.#ut(f,e))}await Promise.
all(p),!e.sourceElement?.isConnected&&u?.target?.isConnected&&(e.sourceElement=u.target),this.#s(e.sourceElement,"htmx:after:swap",{ctx:e}),e.title&&e.swap!=="n\
one"&&(document.title=e.title),this.#We(e)}finally{this.#s(e.sourceElement,"htmx:finally:swap",{ctx:e})}}#ze(e,t,s){let n=this.#$(e.swap||this.config.defaultSwap);
if(n.ignoreTitle&&(e.title=null),n.style==="delete"||(t.querySelector("body")||t).childElementCount>0||t.textContent.trim()||(n.swapEmpty??!s)){if(e.select){let r=t.
querySelectorAll(e.select);t=document.createDocumentFragment(),t.append(...r)}return this.#C(e.sourceElement)&&(n.show||="top"),{type:"main",fragment:t,target:this.#F(
e.sourceElement||document.body,n.target||e.target),swapSpec:n,sourceElement:e.sourceElement,transition:e.transition&&n.transition!==!1}}}async#V(e,t=!0){let{target:s,
swapSpec:n,fragment:i}=e;if(typeof s=="string"&&(s=document.querySelector(s)),!s)return;typeof n=="string"&&(n=this.#$(n));let r=n.style;if(r==="none")return;if(i.
firstElementChild?.tagName==="BODY"){let m=s===document.body&&r.startsWith("outer");m&&r==="outerHTML"&&(r="outerSync"),n.strip??=!m}if(n.strip&&i.firstElementChild&&
(i=document.createDocumentFragment(),i.append(...(e.fragment.firstElementChild.content||e.fragment.firstElementChild).childNodes)),this.#N(s,"htmx-swapping"),t&&
e.swapSpec?.swap&&await this.timeout(e.swapSpec?.swap),r==="delete"){s.parentNode&&(this.#f(s),s.parentNode.removeChild(s));return}let c,u=[],p=n.settle??this.config.
defaultSettleDelay,d=s.parentNode;if(r==="innerHTML"||r==="outerHTML"&&d){let m=document.activeElement;if(m?.id){let y,S;try{y=m.selectionStart,S=m.selectionEnd}catch{}
c={elt:m,start:y,end:S}}u=t&&p?this.#ft(i,s):[]}let f=this.#Re(i),g=[...i.childNodes];try{if(r==="innerHTML"){for(let m of s.children)this.#f(m);s.replaceChildren(
...i.childNodes)}else if(r==="textContent"){for(let m of s.querySelectorAll("[data-htmx-powered]"))this.#f(m);s.textContent=i.textContent}else if(r==="outerHTML")
d&&(this.#k(d,s,i),this.#f(s),d.removeChild(s),s=g.find(m=>m.nodeType===1)||d);else if(r==="outerSync"){this.#Y(s,i.firstElementChild);for(let m of s.children)this.#f(
m);s.replaceChildren(...i.firstElementChild.childNodes),g=[s]}else if(r==="innerMorph")this.#X(s,i,!0),g=[...s.childNodes];else if(r==="outerMorph")this.#X(s,i,
!1),g.push(s);else if(r==="beforebegin")d&&this.#k(d,s,i);else if(r==="afterbegin")this.#k(s,s.firstChild,i);else if(r==="beforeend")this.#k(s,null,i);else if(r===
"afterend")d&&this.#k(d,s.nextSibling,i);else{let m=this.#t.get("handle_swap")||[],y=!1;for(let S of m){let E=S(r,s,i,n);if(E){y=!0,Array.isArray(E)&&(g=E);break}}
if(!y)throw new Error(`Unknown swap style: ${r}`)}}finally{this.#_(s,"htmx-swapping")}if(e.target=s,this.#je(f),c&&!c.elt.matches(":focus")){let m=document.getElementById(
c.elt.id);if(m){let y={preventScroll:n.focusScroll!==void 0?!n.focusScroll:!this.config.defaultFocusScroll};this.#ue(m,y,c.start,c.end)}}this.#s(s,"htmx:before:\
settle",{task:e,newContent:g,settleTasks:u});for(let m of g)this.#N(m,"htmx-added");if(t&&u.length>0){this.#N(s,"htmx-settling"),await this.timeout(p);for(let m of u)
m();this.#_(s,"htmx-settling")}this.#s(s,"htmx:after:settle",{task:e,newContent:g,settleTasks:u});for(let m of g)this.#_(m,"htmx-added"),this.process(m),this.#Pe(
m);this.#Ve(n,s)}#s(e,t,s={},n=!0){if(s.error){let i=`htmx: ${t}: ${s.error.message??s.error}`;s.error instanceof Error?console.error(i,s.error,{elt:e,detail:s}):
console.error(i,{elt:e,detail:s})}else s.warn?console.warn(`htmx: ${t}: ${s.warn}`,{elt:e,detail:s}):this.config.logAll&&console.log(`htmx: ${t}`,{elt:e,detail:s});
return e=this.#D(e),this.#g(e,t,s),this.trigger(e,this.#I(t),s,n)}#g(e,t,s={}){let n=this.#t.get(t.replace(/:/g,"_"));if(n){s.cancelled=!1;for(let i of n)if(i(e,
s)===!1||s.cancelled)return s.cancelled=!0,!1}return!0}timeout(e){if(e=this.parseInterval(e),e>0)return new Promise(t=>setTimeout(t,e))}onLoad(e){this.on(this.#I(
"htmx:after:process"),t=>{e(t.target)})}on(e,t,s){let n,i=document;return s===void 0?(n=e,s=t):(i=this.#D(e),n=t),i.addEventListener(n,s),s}find(e,t){return this.#G(
e,t)}findAll(e,t){return this.#d(e,t)}parseInterval(e){if(typeof e=="number")return e;let t={ms:1,s:1e3,m:6e4},[,s,n]=e?.match(/^([\d.]+)(ms|s|m)?$/)||[],i=parseFloat(
s)*(t[n]||1);return isNaN(i)?void 0:i}trigger(e,t,s={},n=!0){e=this.#D(e);let i=new CustomEvent(t,{detail:s,cancelable:!0,bubbles:n,composed:!0}),r=e?.isConnected?
e:document;return!s?.cancelled&&r.dispatchEvent(i)}ajax(e,t,s){(!s||s instanceof Element||typeof s=="string")&&(s={target:s});let n=typeof s.source=="string"?document.
querySelector(s.source):s.source;if(typeof s.source=="string"&&!n)return Promise.reject(new Error("Source not found"));n||=document.body;let i=this.#U(n,s.event||
{});return Object.assign(i,s),s.target&&(i.target=this.#F(document.body,s.target),!i.target)?Promise.reject(new Error("Target not found")):(Object.assign(i.request,
{action:t,method:e.toUpperCase()}),s.headers&&Object.assign(i.request.headers,s.headers),this.#ie(i))}#Ke(e){this.config.history&&(history.pushState({htmx:!0},"",
e),this.#s(document,"htmx:after:history:push",{path:e}))}#Ge(e){this.config.history&&(history.replaceState({htmx:!0},"",e),this.#s(document,"htmx:after:history:\
replace",{path:e}))}async#me(e,t){if(await this.timeout(1),e??=history.state,!e?.htmx)return;this.#m?.abort(),t=t||location.pathname+location.search;let s=document.
querySelector(this.#w("[hx-history-elt]"))||document.body;if(this.#s(document,"htmx:before:history:restore",{path:t,cacheMiss:!0}))if(this.config.history==="rel\
oad")this._loc.reload();else return this.#m=new AbortController,this.ajax("GET",t,{target:s,swap:"outerSync",select:s!==document.body?this.#w("[hx-history-elt]"):
void 0,request:{headers:{"HX-History-Restore-Request":"true"},signal:this.#m.signal}})}#Qe(e){let{sourceElement:t,push:s,replace:n,hx:i,response:r}=e;if((i?.pushurl||
i?.replaceurl)&&(s=i.pushurl,n=i.replaceurl),s==null&&n==null&&this.#C(t)&&(s="true"),(s==="false"||s===!1)&&(s=null),(n==="false"||n===!1)&&(n=null),!s&&!n)return null;
let c=s||n;if(c==="true"){let p=r?.raw?.url||e.request.action,d=new URL(p,location.href);c=d.pathname+d.search+(e.request.anchor?"#"+e.request.anchor:"")}return{
type:s?"push":"replace",path:c}}#Xe(e){if(!this.config.history)return;history.state?.htmx||history.replaceState({htmx:!0},"",location.href);let t=this.#Qe(e);if(!t)
return;let s={history:t,sourceElement:e.sourceElement,response:e.response};this.#s(document,"htmx:before:history:update",s)&&(t.type==="push"?this.#Ke(t.path):this.#Ge(
t.path),this.#s(document,"htmx:after:history:update",s))}#Je(e){if(e._htmx?.onInitialized)return;let t=this.#O("hx-on"),s=this.config.metaCharacter||":",n=i=>async r=>{
try{await this.#S(e,{event:r},`with(event?.detail||{}){${i}}`,!1)}catch(c){typeof c!="symbol"&&this.#s(e,"htmx:error",{error:c})}};for(let i of e.getAttributeNames()){
let r=t.find(d=>i.startsWith(d));if(!r)continue;this.#p(e).onInitialized=!0;let c=i.substring(r.length),u=e.getAttribute(i);if(!c){for(let d of u.split(/;(?=[^;]*->)/)){
let f=d.indexOf("->");f!==-1&&this.#H(e,d.substring(0,f).trim(),n(d.substring(f+2).trim()))}continue}if(c[0]!==s)continue;let p=c.substring(1);p.startsWith(s)&&
(p="htmx"+s+p.substring(1)),this.#H(e,p,n(u))}}#Ye(e){let t=e.sourceElement,s=this.#r(t,"hx-indicator"),n;if(s)n=this.#d(t,s,"hx-indicator");else{if(t===document.
body)return;n=[t]}for(let i of n){e.indicators.push(i);let r=this.#x(i);r.rc=(r.rc||0)+1,this.#N(i,this.config.requestClass)}}#Ze(e){for(let t of e){let s=this.#x(
t);s.rc&&--s.rc<=0&&(this.#_(t,this.config.requestClass),delete s.rc)}}#et(e){let t=e.sourceElement,s=this.#r(t,"hx-disable");if(s)for(let n of this.#d(t,s,"hx-\
disable")){e.disabledElements.push(n);let i=this.#x(n);i.dc=(i.dc||0)+1,n.disabled=!0}}#tt(e){for(let t of e){let s=this.#x(t);s.dc&&--s.dc<=0&&(t.disabled=!1,delete s.
dc)}}#pe(e,t,s,n,i){if(n&&t&&!t.reportValidity())return;s??=t&&e.type==="submit"?e:null;let r=t?new FormData(t):new FormData,c=t?new Set(t.elements):new Set;if(!t){
if(n&&e.reportValidity&&!e.reportValidity())return;this.#ge(e,c,r,i)}s?.name&&(r.append(s.name,s.value),c.add(s));let u=this.#r(e,"hx-include");if(u)for(let p of this.#d(
e,u)){if(n&&p.reportValidity&&!p.reportValidity())return;this.#ge(p,c,r)}return r}#ge(e,t,s,n){let i=e.tagName,r=[];i==="BUTTON"||i.includes("-")?r=[e]:(["INPUT",
"SELECT","TEXTAREA","FIELDSET"].includes(i)||!n&&e!==document.body)&&(r=this.#v(e,"[name]:not(button)"));for(let c of r){let u=c.name||c.getAttribute?.("name");
if(!u||c.matches(":disabled")||t.has(c))continue;t.add(c);let p=c.type;if(p==="checkbox"||p==="radio"||c.tagName!=="INPUT"&&"checked"in c)c.checked&&s.append(u,
c.value);else if(p==="file")for(let d of c.files)s.append(u,d);else if(p==="select-multiple")for(let d of c.selectedOptions)s.append(u,d.value);else if(Array.isArray(
c.value))for(let d of c.value)s.append(u,d);else s.append(u,c.value)}}#W(e,t,s,n={}){let i=this.#r(e,t);if(!i)return null;let r=this.#Q(i);if(r)return r.indexOf(
"{")!==0&&(r="{"+r+"}"),this.#S(e,n,r,!0).then(c=>{s(c)});s(a.parse(i))}#st(e){let t=e.trim();return t.startsWith("<")&&t.endsWith("/>")?t.slice(1,-2):t}#d(e,t,s,n){
let i=t??e,r=t?this.#D(e)||document.body:document;if(i.startsWith("global "))return this.#d(r,i.slice(7),s,!0);let c=i?a.split(i):[],u=[],p=[];for(let d of c){let f=this.#st(
d),g;if(f.startsWith("closest "))g=r.closest(f.slice(8));else if(f.startsWith("find "))g=r.querySelector(f.slice(5));else if(f.startsWith("findAll "))u.push(...r.
querySelectorAll(f.slice(8)));else if(f==="next"||f==="nextElementSibling")g=r.nextElementSibling;else if(f.startsWith("next "))g=this.#it(r,f.slice(5),!!n);else if(f===
"previous"||f==="previousElementSibling")g=r.previousElementSibling;else if(f.startsWith("previous "))g=this.#rt(r,f.slice(9),!!n);else if(f==="document")g=document;else if(f===
"window")g=window;else if(f==="body")g=document.body;else if(f==="host")g=r.getRootNode().host;else if(f==="this"){if(s){u.push(...this.#Te(r,s));continue}g=r}else
p.push(f);g&&u.push(g)}if(p.length>0){let d=p.join(","),f=this.#z(r,!!n);u.push(...f.querySelectorAll(d))}return[...new Set(u)]}#it(e,t,s){return this.#be(this.#z(
e,s).querySelectorAll(t),e,Node.DOCUMENT_POSITION_PRECEDING)}#rt(e,t,s){let n=[...this.#z(e,s).querySelectorAll(t)].reverse();return this.#be(n,e,Node.DOCUMENT_POSITION_FOLLOWING)}#be(e,t,s){
for(let n of e)if(n.compareDocumentPosition(t)===s)return n}#z(e,t){return e.isConnected&&e.getRootNode?e.getRootNode?.({composed:t}):document}#K(e,t,s){let n=this.#d(
e,t,s)[0];return n||console.warn(`htmx: '${t}' on ${s} did not match any element`,{elt:e,selector:t,attr:s}),n}#G(e,t,s){return this.#d(e,t,s)[0]}#Q(e){if(e!=null){
if(e.startsWith("js:"))return e.substring(3);if(e.startsWith("javascript:"))return e.substring(11)}}#nt(e){let t=this.#p(e);if(t.abortInitialized)return;t.abortInitialized=
!0;let s=()=>{this.#ne(e).abort()};e.addEventListener("htmx:abort",s),t.listeners.push({fromElt:e,eventName:"htmx:abort",handler:s})}#X(e,t,s){let{persistentIds:n,
idMap:i}=this.#lt(e,t),r=document.createElement("div");r.hidden=!0,document.body.after(r);let c={target:e,idMap:i,persistentIds:n,pantry:r,futureMatches:new WeakSet};
s?this.#J(c,e,t):this.#J(c,e.parentNode,t,e,e.nextSibling),this.#f(r),r.remove()}#J(e,t,s,n=null,i=null){t instanceof HTMLTemplateElement&&s instanceof HTMLTemplateElement&&
(t=t.content,s=s.content),n||=t.firstChild;let r=s.firstChild;for(;r;){let c;if(n&&n!=i&&(c=this.#ot(e,r,n,i),c&&c!==n)){let p=n;for(;p&&p!==c;){let d=p;p=p.nextSibling,
d instanceof Element&&(e.idMap.has(d)||this.#ye(e,d,r))?this.#A(t,d,i):this.#we(e,d)}}if(!c&&r instanceof Element&&e.persistentIds.has(r.id)){let p=CSS.escape(r.
id);c=e.target.id===r.id&&e.target||e.target.querySelector(`[id="${p}"]`)||e.pantry.querySelector(`[id="${p}"]`);let d=c;for(;d=d.parentNode;){let f=e.idMap.get(
d);f&&(f.delete(c.id),f.size||e.idMap.delete(d))}this.#A(t,c,n)}if(c){this.#ve(c,r,e),n=c.nextSibling,r=r.nextSibling;continue}let u=r.nextSibling;if(e.idMap.has(
r)){let p=document.createElement(r.tagName);t.insertBefore(p,n),this.#ve(p,r,e),this.process(p),n=p.nextSibling}else t.insertBefore(r,n),n=r.nextSibling;r=u}for(;n&&
n!=i;){let c=n;n=n.nextSibling,this.#we(e,c)}}#ye(e,t,s){if(e.futureMatches.has(t))return!0;for(let n=s.nextSibling,i=0;n&&i<this.config.morphScanLimit;n=n.nextSibling,
i++)if(n instanceof Element&&t.isEqualNode(n))return e.futureMatches.add(t),!0;return!1}#ot(e,t,s,n){if(t.nodeType===3)return s?.nodeType===3?s:null;if(!(t instanceof
Element))return null;let i=null,r=0,c=this.config.morphScanLimit,u=e.idMap.get(t),p=u?.size||0;if(t.id&&!u)return null;let d=s;for(;d&&d!=n;){let f=e.idMap.get(
d);if(this.#o.isSoftMatch(d,t)){if(f&&u&&[...f].some(g=>u.has(g)))return d;if(!f){if(c>0&&d.isEqualNode(t))return d;i||(i=d)}}if(r+=f?.size||0,r>p||document.activeElement?.
selectionStart!=null&&d.contains(document.activeElement)||--c<1&&p===0)break;d=d.nextSibling}return i&&this.#ye(e,i,t)?null:i}#at(e,t){return!(e instanceof Element)||
e.tagName!==t.tagName||e.tagName==="SCRIPT"&&!e.isEqualNode(t)?!1:!e.id||e.id===t.id}#we(e,t){e.idMap.has(t)?this.#A(e.pantry,t,null):(this.#f(t),t.remove())}#A(e,t,s){
if(e.moveBefore)try{e.moveBefore(t,s);return}catch{}e.insertBefore(t,s)}#ve(e,t,s){if(e.nodeType===3){e.nodeValue!==t.nodeValue&&(e.nodeValue=t.nodeValue);return}
if(this.config.morphSkip&&e.matches?.(this.config.morphSkip)||!this.#g(e,"htmx:before:morph:node",{oldNode:e,newNode:t}))return;this.#Y(e,t),e instanceof HTMLTextAreaElement&&
document.activeElement!==e&&e.defaultValue!=t.defaultValue&&(e.value=t.value),!(this.config.morphSkipChildren&&e.matches?.(this.config.morphSkipChildren))&&(!e.
isEqualNode(t)||t.tagName==="TEMPLATE"||t.querySelector?.("template"))&&this.#J(s,e,t)}#Y(e,t){let s=this.config.morphIgnore||[],n=!1,i=r=>this.#O("hx-").some(c=>r.
startsWith(c));for(let r of t.attributes)if(!s.some(c=>r.name.startsWith(c))&&e.getAttribute(r.name)!==r.value){if(i(r.name)&&(n=!0),!this.#g(e,"htmx:before:mor\
ph:attr",{attrName:r.name,newValue:r.value}))continue;e.setAttribute(r.name,r.value),r.name==="value"&&e instanceof HTMLInputElement&&e.type!=="file"&&document.
activeElement!==e&&(e.value=r.value)}for(let r=e.attributes.length-1;r>=0;r--){let c=e.attributes[r];if(c&&!t.hasAttribute(c.name)&&!s.some(u=>c.name.startsWith(
u))){if(i(c.name)&&(n=!0),!this.#g(e,"htmx:before:morph:attr",{attrName:c.name,newValue:null}))continue;e.removeAttribute(c.name)}}n&&this.#f(e,!0)}#xe(e,t,s,n){
for(let i of n)if(t.has(i.id)){let r=i;for(;r&&r!==s;){let c=e.get(r);c==null&&(c=new Set,e.set(r,c)),c.add(i.id),r=r.parentElement}}}#lt(e,t){let s=this.#v(e,"\
[id]"),n=t.querySelectorAll("[id]"),i=this.#ht(s,n),r=new Map;return this.#xe(r,i,e.parentElement,s),this.#xe(r,i,t,n),{persistentIds:i,idMap:r}}#ht(e,t){let s=new Set,
n=new Map;for(let{id:r,tagName:c}of e)n.has(r)?s.add(r):r&&n.set(r,c);let i=new Set;for(let{id:r,tagName:c}of t)i.has(r)?s.add(r):n.get(r)===c&&i.add(r);for(let r of s)
i.delete(r);return i}#ct(e){let t=e.response.raw.status,s=this.config.noSwap.map(i=>i+""),n=t+"";for(let i of[n,n.slice(0,2)+"x",n[0]+"xx"]){if(s.includes(i)){e.
swap="none";return}let r=this.#r(e.sourceElement,"hx-status:"+i);if(r){a.merge(r,e);return}}}#ut(e,t){return new Promise(s=>{this.#b||=[],this.#b.push({task:e,resolve:s,
ctx:t}),this.#u||this.#Se()})}async#Se(){if(this.#b.length===0||this.#u)return;this.#u=!0;let{task:e,resolve:t,ctx:s}=this.#b.shift();try{if(document.startViewTransition){
let n={task:e,ctx:s};this.#s(s.sourceElement,"htmx:before:viewTransition",n),await document.startViewTransition(n.task).finished,this.#s(s.sourceElement,"htmx:a\
fter:viewTransition",n)}else await e()}catch{}finally{this.#u=!1,t(),this.#Se()}}#ft(e,t){let s=["class","style","width","height"],n=t.querySelectorAll("[id]"),
i=Object.fromEntries([...n].map(u=>[u.id,u])),r=e.querySelectorAll("[id]"),c=[];for(let u of r){let p=i[u.id];if(p?.tagName===u.tagName){let d=u.cloneNode(!1);for(let f of s)
p.hasAttribute(f)?u.setAttribute(f,p.getAttribute(f)):u.removeAttribute(f);c.push(()=>{this.#Y(u,d)})}}return c}#N(e,t){e?.classList?.add?.(t)}#_(e,t){e?.classList?.
remove?.(t),e?.classList?.length===0&&e.removeAttribute("class")}#D(e){return typeof e=="string"?this.find(e):e}#I(e){return this.config.metaCharacter?e.replace(
/:/g,this.config.metaCharacter):e}}return new h})();typeof window<"u"&&(window.htmx=de);var L=de;(()=>{let a,o=new Set;function h(r){let c=a.attributeValue(r,"hx-sse:connect")!=null,u=a.HCON.parse(a.attributeValue(r,"hx-config")).sse||{};return{reconnect:c,
reconnectDelay:500,reconnectMaxDelay:6e4,reconnectMaxAttempts:1/0,reconnectJitter:.3,connectTimeout:htmx.config.defaultTimeout,pauseOnBackground:c,releaseOn:c?"\
immediate":"end",...htmx.config.sse,...u}}function l(r){for(let c of Object.keys(r))c.toLowerCase()==="last-event-id"&&delete r[c]}async function*e(r){let c=r.reader,
u=r.lastEventId,p=new TextDecoder,d="",f=!1,g=!1,m={data:"",event:"",retry:null},y=!0;try{for(;;){let{done:S,value:E}=await c.read();if(S)break;let A=p.decode(E,
{stream:!0});y&&(A.charCodeAt(0)===65279&&(A=A.slice(1)),y=!1),d+=A;let w=d.split(/\r\n|\r|\n/);d=w.pop()||"";for(let I of w){if(!I){(f||g||m.event)&&(yield{...m,
id:u,hasData:f,hasId:g}),f=!1,g=!1,m={data:"",event:"",retry:null};continue}let v=I.indexOf(":");if(v===0)continue;let C,x;if(v<0?(C=I,x=""):(C=I.slice(0,v),x=I.
slice(v+1),x[0]===" "&&(x=x.slice(1))),C==="data")m.data+=(f?`
`:"")+x,f=!0;else if(C==="event")m.event=x;else if(C==="id")x.includes("\0")||(u=x,g=!0);else if(C==="retry"){let _=parseInt(x,10);isNaN(_)||(m.retry=_)}}}}finally{
c.releaseLock(),r.reader=null}}async function t(r,c){let u=r.sourceElement,p=h(u),d=!1,f=null;function g(){c&&(c(),c=null)}p.releaseOn==="immediate"&&g();let m={
url:r.request.action,config:p,abortController:{abort:r.request.abort,signal:r.request.signal},reader:null,lastEventId:"",delayCanceller:null,visibilityHandler:null,
attempt:0,cancelled:!1,status:null};a.htmxProp(u).sse=m;let y=()=>{!u.isConnected||d||(d=!0,m.delayCanceller&&m.delayCanceller(),m.reader?.cancel())},S=!1,E=null;
if(p.pauseOnBackground){let w=()=>{document.hidden?(S=!0,m.reader?.cancel()):S&&(S=!1,E&&E())};document.addEventListener("visibilitychange",w),m.visibilityHandler=
w}if(m.cancelled=!1,!a.triggerHtmxEvent(u,"htmx:sse:before:connection",{connection:m})||m.cancelled){n(u,"cancelled");return}m.status=r.response.status,a.triggerHtmxEvent(
u,"htmx:sse:after:connection",{connection:m});let A=r.response.raw;try{for(;u.isConnected;){if(m.attempt>0){if(S){if(await new Promise(q=>{E=q}),E=null,!u.isConnected)
break;m.attempt=1,d=!0}if(!d&&(!p.reconnect||m.attempt>p.reconnectMaxAttempts))break;let w=htmx.parseInterval(p.reconnectDelay)??p.reconnectDelay,I=htmx.parseInterval(
p.reconnectMaxDelay)??p.reconnectMaxDelay,v=Math.min(w*Math.pow(2,m.attempt-1),I);if(p.reconnectJitter>0){let q=v*p.reconnectJitter;v=Math.max(0,v+(Math.random()*
2-1)*q)}if(m.cancelled=!1,!a.triggerHtmxEvent(u,"htmx:sse:before:connection",{connection:m})||m.cancelled||(await new Promise(q=>{m.delayCanceller=q,setTimeout(
q,v)}),m.delayCanceller=null,!u.isConnected))break;let C=new AbortController;m.abortController=C;let x=!1,_=htmx.parseInterval(p.connectTimeout)??p.connectTimeout,
ne=_>0?setTimeout(()=>{x=!0,C.abort()},_):null;try{l(r.request.headers),m.lastEventId&&(r.request.headers["Last-Event-ID"]=m.lastEventId),A=await fetch(r.request.
action,{...r.request,signal:C.signal}),clearTimeout(ne)}catch(q){if(clearTimeout(ne),C.signal.aborted&&!x)break;a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,
error:q}),d=!1,m.attempt++;continue}if(!A.ok){a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,error:new Error(`SSE reconnect failed with status ${A.status}`),
status:A.status}),d=!1,m.attempt++;continue}m.status=A.status,a.triggerHtmxEvent(u,"htmx:sse:after:connection",{connection:m}),m.attempt=0}d=!1;try{m.reader=A.body.
getReader();for await(let w of e(m)){if(!u.isConnected||d)break;if(w.hasId&&(m.lastEventId=w.id,w.id||l(r.request.headers)),!w.hasData&&!w.event)continue;let I=[],
v={connection:m,message:{data:w.data,event:w.event,id:w.id},cancelled:!1,waitUntil:x=>I.push(Promise.resolve(x))},C=a.triggerHtmxEvent(u,"htmx:sse:before:messag\
e",v);if(await Promise.all(I),!(!C||v.cancelled)){if(w.retry!=null&&(p.reconnectDelay=w.retry),v.message.event){v.message.event==="hx:release"&&g(),htmx.trigger(
u,v.message.event,{data:v.message.data,id:v.message.id}),a.triggerHtmxEvent(u,"htmx:sse:after:message",{connection:m,message:v.message});let x=a.attributeValue(
u,"hx-sse:close");if(x&&v.message.event===x){f="message",m.reader?.cancel();return}continue}r.text=v.message.data,r.swap.includes("swapEmpty")||(r.swap+=" swapE\
mpty:false"),await htmx.swap(r),p.releaseOn==="first"&&g(),a.triggerHtmxEvent(u,"htmx:sse:after:message",{connection:m,message:v.message})}}}catch(w){!m.abortController?.
signal?.aborted&&w.name!=="AbortError"&&a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,error:w})}if(!u.isConnected)break;m.attempt++}}finally{g(),n(u,f??(u.
isConnected?"ended":"removed"))}}function s(r){let c=a.attributeValue(r,"hx-sse:connect");if(!c||r._htmx?.sse)return;let u=a.attributeValue(r,"hx-trigger")||"lo\
ad";a.onTrigger(r,u,()=>{r._htmx?.sse||htmx.ajax("GET",c,{source:r,timeout:h(r).connectTimeout})})}function n(r,c){let u=r?._htmx?.sse;u&&(u.reader?.cancel?.(),
u.abortController?.abort(),u.delayCanceller&&u.delayCanceller(),u.visibilityHandler&&document.removeEventListener("visibilitychange",u.visibilityHandler),a.triggerHtmxEvent(
r,"htmx:sse:close",{connection:u,reason:c||"cleanup"}),delete r._htmx.sse)}function i(r){for(let c of["sse-connect","sse-close","sse-swap"])!r.hasAttribute(c)||
o.has(c)||(console.warn(c==="sse-swap"?"htmx: [hx-sse] sse-swap is removed in htmx 4. Unnamed SSE messages are swapped automatically. Named events are dispatche\
d as DOM events.":`htmx: [hx-sse] legacy attribute ${c} is deprecated; use hx-sse:${c.slice(4)} instead`),o.add(c))}htmx.registerExtension("sse",{init:r=>{a=r},
htmx_config_request:(r,{ctx:c})=>{c.request.headers.Accept=`${c.request.headers.Accept??c.request.headers.accept??"text/html"}, text/event-stream`,c.timeout!=null&&
(c.request.timeout=c.timeout)},htmx_before_response:(r,c)=>{let u=c.ctx;if(!u.response.raw.headers.get("Content-Type")?.includes("text/event-stream"))return;clearTimeout(
u.requestTimeout);let d;return u.extensionPromise=new Promise(f=>d=f),t(u,d).catch(f=>{f.name!=="AbortError"&&a.triggerHtmxEvent(r,"htmx:sse:error",{error:f,url:u.
request.action})}),!1},htmx_after_process:r=>{let c=htmx.config.metaCharacter||":",u=f=>{i(f);for(let g of["connect","close"]){let m=`sse-${g}`;if(!f.hasAttribute(
m))continue;let y=(htmx.config.prefix||"hx-")+"sse"+c+g;f.hasAttribute(y)||f.setAttribute(y,f.getAttribute(m))}s(f)};u(r);let d=`[${CSS.escape("hx-sse"+c+"conne\
ct")}]`;htmx.config.prefix&&(d+=`,[${CSS.escape(htmx.config.prefix+"sse"+c+"connect")}]`),r.querySelectorAll(`${d},[sse-connect],[sse-close],[sse-swap]`).forEach(
u)},htmx_before_cleanup:r=>{n(r)}})})();var et="/ui/session",U="session-notice";function P(){return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content")??""}function tt(a){document.
querySelector('meta[name="csrf-token"]')?.setAttribute("content",a),document.querySelectorAll('input[type="hidden"][name="csrf"]').forEach(h=>h.value=a)}function Z(...a){
let o=b("p",{},...a),h=document.getElementById(U);if(h?.textContent===o.textContent)return;h?.remove();let l=b("div",{id:U,class:"alert notice","data-kind":"war\
ning",role:"alert"},o);(document.querySelector("main")??document.body).prepend(l)}function st(){let a=b("a",{href:"/ui/login",target:"_blank",rel:"noopener"},"L\
og in in a new tab");Z(b("strong",{},"Your session has ended.")," ",a,", and continue here. This page keeps what you have written.")}function me(){let a=document.
getElementById(U);a&&(a.remove(),document.dispatchEvent(new Event("stepwell:session")))}async function $(){try{let o=await fetch(et,{mode:"same-origin",cache:"n\
o-store",headers:{accept:"application/json","hx-request":"true"}});if(o.status===401)return st(),!1;if(!o.ok)throw new Error(`the server answered ${o.status}`);
let{csrf:h}=await o.json();return tt(h),me(),!0}catch{return Z(b("strong",{},"The server does not answer.")," This page keeps what you have written. Try again."),
!1}}async function pe(a,o){let h=()=>fetch(a,{...o,mode:"same-origin",headers:{...o.headers,"x-csrf-token":P()}}),l=await h();return(l.status===401||l.status===
403)&&await $()?h():l}var Y=new Set;function it(a){let{ctx:o}=a.detail;o.response.status!==401&&o.response.status!==403||(a.preventDefault(),o.request.method!==
"GET"&&Y.add(o.sourceElement),$())}function rt(){let a=[...Y].filter(o=>o.isConnected);Y.clear();for(let o of a)o instanceof HTMLButtonElement?o.click():o.dispatchEvent(
new Event("change",{bubbles:!0}))}var nt=a=>a.method==="post"&&!a.dataset.upload&&P()?$():null,F=null;function ot(){F??=new Date().toLocaleTimeString(),Z(b("str\
ong",{},"The server does not answer."),` This page shows its state at ${F}, and tries again.`)}function at(){F!==null&&(F=null,me())}function ge(){let a=()=>document.
getElementById(U)&&void $();document.addEventListener("visibilitychange",()=>document.hidden||a()),window.addEventListener("focus",a),document.addEventListener(
"htmx:before:response",at),document.addEventListener("htmx:before:response",it),document.addEventListener("htmx:error",ot),H(nt),document.addEventListener("step\
well:session",rt)}function be(){throw new Error("this page evaluates no code from attributes")}function lt(){let a={createHTML:o=>o,createScript:()=>""};try{return globalThis.trustedTypes?.
createPolicy("stepwell",a)??a}catch{return a}}function ye(a){let{indicatorStyleSheet:o}=L;L.config.includeIndicatorCSS=!1,L.config.morphIgnore=[...L.config.morphIgnore,
"open"],document.adoptedStyleSheets=document.adoptedStyleSheets.filter(l=>l!==o);let h=Array.from({length:100},(l,e)=>400+e).filter(l=>l!==422);L.config.noSwap=
[...L.config.noSwap,...h,"5xx"],L.registerExtension("stepwell",{init:l=>l.initSecurity(lt(),be,be),htmx_before_on_init:()=>!1,htmx_config_request:(l,{ctx:e})=>{
e.request.method!=="GET"&&(e.request.headers["x-csrf-token"]=P())},htmx_after_process:a})}var te="stepwell-keys",ht=1500;function ct(a,o,h){return o!==null&&h.includes(`${o} ${a}`)?{shortcut:`${o} ${a}`}:h.includes(a)?{shortcut:a}:h.some(l=>l.startsWith(
`${a} `))?{first:a}:null}function ut(a){return a instanceof HTMLElement&&(a.isContentEditable||a.matches('input, textarea, select, [role="textbox"]'))}function xe(){
let a=new Map;for(let o of document.querySelectorAll("a[data-key]"))a.has(o.dataset.key??"")||a.set(o.dataset.key??"",o);return a}function ee(a,o){let h=o.split(
" ").flatMap(l=>[b("kbd",{},l)," "]);return b("div",{},b("dt",{},...h),b("dd",{},a))}function Se(){let a=[ee("Search this page","/"),ee("Show the keyboard short\
cuts","?")];for(let[l,e]of xe())a.push(ee((e.firstElementChild??e).textContent?.trim()??"",l));let o=b("input",{type:"checkbox"});o.checked=G(te)!=="off",o.addEventListener(
"change",()=>ae(te,o.checked?null:"off"));let h=O("Keyboard shortcuts",[b("dl",{class:"keys"},...a),b("label",{class:"check"},o,"Use keyboard shortcuts in this \
browser"),b("div",{class:"dialog-actions"},k("Close",()=>h.close()))])}function ft(){let o=[...document.querySelectorAll('[data-search], input[type="search"]')].
find(h=>h.checkVisibility());o?.focus(),o?.select?.()}var we=null,ve=0;function dt(a){let{key:o,ctrlKey:h,metaKey:l,altKey:e,timeStamp:t}=a;if(h||l||e||a.defaultPrevented||
a.isComposing||ut(a.composedPath()[0])||document.querySelector("dialog[open]")||G(te)==="off")return;let n=xe(),i=ct(o,t-ve<ht?we:null,["/","?",...n.keys()]);we=
i?.first??null,ve=t,i?.shortcut&&(a.preventDefault(),i.shortcut==="/"?ft():i.shortcut==="?"?Se():n.get(i.shortcut)?.click())}function Ee(){document.addEventListener(
"keydown",dt),document.addEventListener("click",({target:a})=>{a instanceof Element&&a.closest("[data-keys-help]")&&Se()})}var M=class{#e=new Uint32Array(1024);#t=0;#n=0;get length(){return this.#n-this.#t}at(o){return this.#e[this.#t+o]??0}push(o){if(this.#n===this.#e.length){let h=this.#e.
subarray(this.#t,this.#n),l=new Uint32Array(Math.max(1024,h.length*2));l.set(h),[this.#e,this.#n,this.#t]=[l,h.length,0]}this.#e[this.#n]=o,this.#n+=1}find(o){let[
h,l]=[0,this.length];for(;h<l;){let e=h+l>>1;this.at(e)<o?h=e+1:l=e}return h}dropBelow(o){this.#t+=this.find(o)}};var T=8192,mt=1e6,R=["trace","debug","info","warn","error"],V=class{#e=[];#t=0;#n=new Map;#i={step:"",level:0};#o=null;first=0;end=0;steps=[];rows=new M;matches=new M;version=0;constructor(o=mt+
T){this.max=o}get busy(){return this.#t<this.end}push(o){let h=this.end%T;h===0&&this.#a();let l=this.#e.at(-1);if(!l)return;l.number[h]=o.number,l.at[h]=Date.parse(
o.at),l.step[h]=this.#h(o.step??"");let e=R.indexOf(o.level??"info");l.level[h]=e<0?2:e,l.text.push(String(o.text)),this.end+=1}get(o){let h=this.#e[Math.floor(
o/T)-this.first/T],l=o%T;return{number:h?.number[l]??0,at:h?.at[l]??0,step:this.steps[h?.step[l]??0]??"",level:R[h?.level[l]??2]??"info",text:h?.text[l]??""}}select(o,h,l){
this.#i={step:o,level:Math.max(0,R.indexOf(h))},this.#o=l,this.#t=this.first,this.rows=new M,this.matches=new M,this.version+=1}scan(o){let h=performance.now()+
o;for(;this.#t<this.end;){if(this.#t%512===511&&performance.now()>h)return this.#l();this.#l()}return!0}#l(){let o=this.#t,h=this.#e[Math.floor(o/T)-this.first/
T],l=o%T;this.#t+=1;let{step:e,level:t}=this.#i;return h&&(h.level[l]??0)>=t&&(e===""||this.steps[h.step[l]??0]===e)&&(this.rows.push(o),this.#o&&(h.text[l]??"").
search(this.#o)>=0&&this.matches.push(o)),this.#t>=this.end}#a(){this.#e.push({number:new Float64Array(T),at:new Float64Array(T),step:new Uint32Array(T),level:new Uint8Array(
T),text:[]}),!(this.#e.length*T<=this.max||this.#e.length===1)&&(this.#e.shift(),this.first+=T,this.#t=Math.max(this.#t,this.first),this.rows.dropBelow(this.first),
this.matches.dropBelow(this.first))}#h(o){let h=this.#n.get(o);return h===void 0&&(h=this.steps.push(o)-1,this.#n.set(o,h)),h}};var Ce="stepwell-live-log:";function pt(a,o){try{let h=[];for(let l of Object.keys(localStorage)){if(!l.startsWith(Ce)||l===a)continue;let[e,t]=(localStorage.getItem(l)??"").split(" ").map(
Number);o-t<5e3?h.push({key:l,since:e}):localStorage.removeItem(l)}return h}catch{return null}}function Te(a,o){try{o===null?localStorage.removeItem(a):localStorage.
setItem(a,o)}catch{}}var W=class{#e=Ce+Math.random().toString(36).slice(2);#t=0;#n=0;#i=null;#o;#l=()=>this.#h();#a=()=>this.leave();constructor(o,h){this.changed=
o,this.length=h}enter(){this.#o===void 0&&(this.#t=Date.now(),this.#o=setInterval(this.#l,1e3),this.#o.unref?.(),globalThis.addEventListener?.("storage",this.#l),
globalThis.addEventListener?.("pagehide",this.#a),this.#h())}leave(){clearInterval(this.#o),this.#o=void 0,this.#i=null,globalThis.removeEventListener?.("storag\
e",this.#l),globalThis.removeEventListener?.("pagehide",this.#a),Te(this.#e,null)}#h(){let o=Date.now(),h=pt(this.#e,o),l=()=>(h??[]).filter(({key:s,since:n})=>n<
this.#t||n===this.#t&&s<this.#e);this.#i&&h&&h.length>=3&&o-this.#n>=this.length()&&(this.#t=o);let t=l().length<3;Te(this.#e,`${this.#t} ${o}`),t!==this.#i&&(this.#i=
t,t&&(this.#n=o),this.changed(t))}};var gt=5e3,bt=4e3,yt=3e4,wt=5e4,vt=(a,o)=>o<0?a:`${a}?after=${o}`;function ke(a,{line:o,state:h}){let l=null,e=-1,t=!1,s=0;function n(){clearTimeout(s),l?.close(),
l=null}function i({data:m}){if(!a.isConnected)return g();let y=JSON.parse(m);if(!(y.number<=e))return e=y.number,o(y)}function r(){return a.isConnected?l?.readyState!==
EventSource.CLOSED?h("reconnecting"):(n(),h("disconnected"),c.leave(),s=setTimeout(p,gt),void $()):g()}let c=new W(u,()=>e>wt?yt:bt);function u(m){return m?d():
(n(),h("waiting for its turn: other windows show logs, too"))}function p(){n(),c.leave(),!(t||document.hidden||!a.isConnected)&&c.enter()}function d(){if(n(),!a.
isConnected)return g();l=new EventSource(vt(a.dataset.logStream??"",e)),l.addEventListener("open",()=>h("live")),l.addEventListener("error",r),l.addEventListener(
"end",()=>{g(),h("complete")}),l.addEventListener("message",i)}function f(){if(!t){if(!document.hidden)return p();n(),c.leave(),h("paused")}}function g(){t=!0,n(),
c.leave(),document.removeEventListener("visibilitychange",f),document.removeEventListener("stepwell:session",p)}document.addEventListener("visibilitychange",f),
document.addEventListener("stepwell:session",p),p()}var Ae=/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;function Ie(a){
return a<32?String.fromCharCode(9216+a):a===127?"\u2421":`U+${a.toString(16).toUpperCase().padStart(4,"0")}`}var N=4e3,xt=a=>Ie(a.codePointAt(0)??0);function qe(a,o=null){let h=[],l=0;for(let e of o?a.matchAll(o):[])e[0]!==""&&(se(a.slice(l,e.index),"plain",h),se(e[0],
"found",h),l=e.index+e[0].length);return se(a.slice(l),"plain",h),h}function se(a,o,h){let l=0;for(let{0:e,index:t}of a.matchAll(Ae))t>l&&h.push({text:a.slice(l,
t),kind:o}),h.push({text:xt(e),kind:"control"}),l=t+e.length;l<a.length&&h.push({text:a.slice(l),kind:o})}function Le(a){if(a.length<=N)return a;let o=a.charCodeAt(
N-1);return a.slice(0,o>=55296&&o<=56319?N-1:N)}function Me(a){return a===""?null:new RegExp(a.replace(/[.*+?^${}()|[\]\\/-]/g,"\\$&"),"gi")}function Oe({lines:a,
shown:o,dropped:h,matches:l,match:e,state:t}){let s=i=>i.toLocaleString("en"),n=[a===1?"1 line":`${s(a)} lines`];return o!==a&&n.push(`${s(o)} shown`),l!==null&&
n.push(l===1?"1 match":`${s(l)} matches`),e>0&&n.push(`at match ${s(e)}`),h>0&&n.push(`without the oldest ${s(h)}`),`${n.join(", ")}; ${t}`}var St=[[31536e3,"y"],[86400,"d"],[3600,"h"],[60,"min"]];function Et(a,o){let h=Math.round(Math.abs(o-a)/1e3);if(h<10)return"just now";let[l,e]=St.find(([s])=>h>=
s)??[1,"s"],t=`${Math.floor(h/l)} ${e}`;return a>o?`in ${t}`:`${t} ago`}function ie(a,o){let h=t=>new Intl.DateTimeFormat("en-GB",{timeZone:t,hourCycle:"h23",year:"\
numeric",month:"2-digit",day:"2-digit",hour:"2-digit",minute:"2-digit",second:"2-digit",timeZoneName:"short"}),l;try{l=h(o)}catch{l=h(void 0)}let e=Object.fromEntries(
l.formatToParts(a).map(({type:t,value:s})=>[t,s]));return`${e.year}-${e.month}-${e.day} ${e.hour}:${e.minute}:${e.second} ${e.timeZoneName}`}function z(a){let o=Date.
now();for(let h of a.querySelectorAll("time[data-relative][datetime]")){let l=Date.parse(h.getAttribute("datetime")??"");if(Number.isNaN(l))continue;let e=Et(l,
o);h.textContent!==e&&(h.textContent=e),h.hasAttribute("title")||h.setAttribute("title",ie(l,h.getAttribute("data-zone")??void 0))}}function He(){setInterval(()=>z(
document),2e4),document.addEventListener("visibilitychange",()=>document.hidden||z(document))}var Tt=new Intl.DateTimeFormat("en-GB",{hourCycle:"h23",hour:"2-digit",minute:"2-digit",second:"2-digit",timeZoneName:"short"});function $e(a,o,h){for(let l of qe(
o,h))l.kind==="plain"?a.append(l.text):l.kind==="found"?a.append(b("mark",{},l.text)):a.append(b("span",{class:"log-control",title:"control character"},l.text))}
function Ne({number:a,at:o,step:h,level:l,text:e},t,s){let n=Number.isNaN(o)?"":Tt.format(o),i=b("span",{class:"log-text"});if(e.length>N){let r=`show all (${e.
length.toLocaleString("en")} characters)`;i.append(k(r,()=>Ct(a,e,t),"log-all"))}return $e(i,Le(e),t),b("div",{class:"log-row","data-level":l,...s&&{"data-curre\
nt":""}},b("span",{class:"log-number"},String(a)),b("time",{class:"log-time",...n&&{title:ie(o)}},n),b("span",{class:"log-level"},l),b("span",{class:"log-step",
title:h},h),i)}function Ct(a,o,h){let l=b("pre",{class:"code wrap",tabindex:"0"});$e(l,o,h);let e=k("Close",()=>t.close()),t=O(`Line ${a}`,[l,b("div",{class:"di\
alog-actions"},e)])}var _e=12,kt=12e6,K=class{#e=b("div",{class:"log-rows"});#t=b("div",{class:"log-spacer"});#n="";#i=20;#o=0;#l=0;search=null;current=-1;follow=!0;constructor(o,h,l){
this.store=o,this.changed=l,this.element=b("div",{class:"log-view",tabindex:"0",role:"group","aria-label":h}),this.element.append(this.#t,this.#e),this.element.
addEventListener("scroll",()=>this.#h()),this.element.addEventListener("keydown",e=>this.#c(e)),new ResizeObserver(()=>this.update()).observe(this.element)}#a(){
let o=this.store.rows.length*this.#i,h=Math.min(o,kt),l=this.element.clientHeight;return{all:o,spacer:h,view:l,ratio:h>l?(o-l)/(h-l):1}}update(){this.#i=Number.
parseFloat(getComputedStyle(this.#e).lineHeight)||20;let o=this.#a();this.#t.style.height=`${o.spacer}px`,this.follow?this.element.scrollTop=o.spacer:(o.ratio!==
1||this.#l!==this.store.first)&&(this.element.scrollTop=this.store.rows.find(this.#o)*this.#i/o.ratio),this.#l=this.store.first,this.render()}render(){let{ratio:o,
view:h}=this.#a(),l=this.element.scrollTop,e=Math.max(0,Math.floor(l*o/this.#i)-_e),t=Math.min(this.store.rows.length,e+Math.ceil(h/this.#i)+2*_e);this.#e.style.
transform=`translateY(${l-l*o+e*this.#i}px)`;let s=[e,t,this.store.rows.at(e),this.store.version,this.current].join(" ");if(s===this.#n)return;this.#n=s;let n=this.#e.
contains(document.activeElement),i=[];for(let r=e;r<t;r+=1){let c=this.store.rows.at(r);i.push(Ne(this.store.get(c),this.search,c===this.current))}this.#e.replaceChildren(
...i),n&&this.element.focus({preventScroll:!0})}goTo(o,h=!1){let{ratio:l,view:e}=this.#a(),t=h?(e-this.#i)/2:0;this.element.scrollTop=(o*this.#i-t)/l,this.render()}#h(){
let{scrollTop:o,clientHeight:h,scrollHeight:l}=this.element,e=o+h>=l-this.#i;this.#o=this.store.rows.at(Math.round(o*this.#a().ratio/this.#i)),e!==this.follow&&
!this.store.busy&&(this.follow=e,this.changed()),this.render()}#c(o){if(o.target!==this.element||o.ctrlKey||o.metaKey||o.altKey)return;let{ratio:h,view:l}=this.#a(),
e=this.element.scrollTop*h/this.#i,t=Math.max(1,Math.floor(l/this.#i)-1),s=this.store.rows.length,r={...{PageUp:e-t,PageDown:e+t,ArrowUp:e-1,ArrowDown:e+1},Home:0,
End:s}[o.key];r!==void 0&&(o.preventDefault(),this.goTo(Math.max(0,r)))}};var At=12,It=2e3,re=class{#e=new V;#t=0;#n="connecting";#i=-1/0;#o=0;#l=b("input",{type:"search","data-search":"",autocomplete:"off"});#a=b("select",{},b("optio\
n",{value:""},"all steps"));#h=b("select");#c=b("input",{type:"checkbox"});#E=b("p",{class:"log-status","aria-hidden":"true"});#q=b("p",{class:"visually-hidden",
role:"status","aria-live":"polite"});constructor(o){let h=o.getAttribute("aria-label")??"Log";this.view=new K(this.#e,h,()=>this.#c.checked=this.view.follow);let l=(t,s)=>s?
`${t} and above`:"all levels";this.#h.append(...R.map((t,s)=>b("option",{value:t},l(t,s)))),this.#c.checked=!0;let e=b("div",{class:"toolbar"},j("Search",this.#l),
k("Previous",()=>this.#y(-1),"button plain"),k("Next",()=>this.#y(1),"button plain"),j("Step",this.#a),j("Level",this.#h),b("label",{class:"check"},this.#c,"Fol\
low"));o.replaceChildren(e,this.view.element,this.#E,this.#q),this.#L(),ke(o,{line:t=>{this.#e.push(t),this.#u()},state:t=>this.#b(t)})}#L(){this.#l.addEventListener(
"input",()=>this.#m()),this.#a.addEventListener("change",()=>this.#m()),this.#h.addEventListener("change",()=>this.#m()),this.#l.addEventListener("keydown",o=>{
o.key==="Enter"&&(o.preventDefault(),this.#y(o.shiftKey?-1:1))}),this.#c.addEventListener("change",()=>{this.view.follow=this.#c.checked,this.view.update()})}#b(o){
this.#n=o,this.#u()}#m(){this.view.search=Me(this.#l.value),this.view.current=-1,this.#e.select(this.#a.value,this.#h.value,this.view.search),this.#i=-1/0,this.#u()}#y(o){
let{matches:h,rows:l}=this.#e;if(h.length===0)return;let{current:e}=this.view,s=((o>0?h.find(e+1):h.find(e<0?1/0:e)-1)+h.length)%h.length;this.view.current=h.at(
s),this.view.follow=this.#c.checked=!1,this.view.goTo(l.find(this.view.current),!0),this.#i=-1/0,this.#u()}#u(){this.#t||=requestAnimationFrame(()=>{this.#t=0,this.#e.
scan(At)||this.#u(),this.#R(),this.view.update(),this.#j()})}#R(){let{steps:o}=this.#e,h=new Set([...this.#a.options].map(({value:l})=>l));this.#a.append(...o.filter(
l=>!h.has(l)).map(l=>b("option",{value:l},l)))}#j(){let{rows:o,matches:h,first:l,end:e}=this.#e,{current:t,search:s}=this.view;this.#E.textContent=Oe({lines:e-l,
shown:o.length,dropped:l,matches:s?h.length:null,match:t<0?0:h.find(t)+1,state:this.#n}),clearTimeout(this.#o),this.#o=setTimeout(()=>this.#T(),this.#i+It-performance.
now())}#T(){this.#i=performance.now(),this.#q.textContent=this.#E.textContent}},De=new WeakSet;function Re(a){for(let o of a.querySelectorAll("[data-log-stream]"))
De.has(o)||new re(o),De.add(o)}function je(a,o){let h=[...o].filter(([,e])=>typeof e=="string"),l=new URLSearchParams(h).toString();return l?`${a}?${l}`:a}async function qt(a){let o=a.querySelector('input[type="file"]'),h=o instanceof HTMLInputElement?o.files?.[0]:void 0,l=a.querySelector("[data-upload-result]"),e=a.
querySelector('button[type="submit"]');if(!(!h||!l||!(e instanceof HTMLButtonElement))){e.disabled=!0,l.textContent=`Sending ${h.name} \u2026`;try{let t={"conte\
nt-type":a.dataset.upload??"",accept:"application/json"},s=je(a.action,new FormData(a)),n=await pe(s,{method:"POST",headers:t,body:h}),i=await n.json();l.textContent=
i.text??i.problem??`The server answered ${n.status}.`,n.ok&&typeof i.next=="string"&&location.assign(i.next)}catch(t){l.textContent=`The file was not sent: ${t}`}finally{
e.disabled=!1}}}function Lt(a){let o=a.target instanceof HTMLFormElement?a.target:null;o?.dataset.upload&&(a.preventDefault(),qt(o))}function Be(){document.addEventListener(
"submit",Lt)}function Ue(a){z(a),Re(a)}oe();ce();ue();Ee();ge();He();Be();ye(Ue);Ue(document);fe();he();})();
