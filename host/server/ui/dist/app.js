(()=>{async function _e(a){let o=a.target instanceof Element?a.target.closest("[data-copy]"):null;if(!(o instanceof HTMLElement))return;let c=o.textContent,h=o.dataset.
copy||location.href;try{await navigator.clipboard.writeText(h),o.textContent="Copied"}catch{o.textContent=o.dataset.copy?"Select and copy the text":"Copy the ad\
dress of this page"}setTimeout(()=>o.textContent=c,2e3)}function ne(){document.addEventListener("click",_e)}function Re(a){let o=a.target instanceof HTMLInputElement?a.target:null,c=o?.dataset.checkAll;if(!o||!c)return;(o.form?.querySelectorAll(`input[type="checkbox"]\
[name="${CSS.escape(c)}"]`)??[]).forEach(e=>e.checked=o.checked)}function oe(){document.addEventListener("change",Re)}function y(a,o={},...c){let h=document.createElement(a);for(let[e,t]of Object.entries(o))h.setAttribute(e,t);return h.append(...c),h}function A(a,o,c="button"){
let h=y("button",{type:"button",class:c},a);return h.addEventListener("click",o),h}var R=(a,o)=>y("label",{class:"field-inline"},y("span",{},a),o),je=0;function O(a,o){
let c=`dialog-title-${je+=1}`,h=y("h2",{id:c},a),e=y("dialog",{class:"dialog","aria-labelledby":c},h,...o);return e.addEventListener("close",()=>e.remove()),document.
body.append(e),e.showModal(),e}function K(a){try{return localStorage.getItem(a)}catch{return null}}function ae(a,o){try{o===null?localStorage.removeItem(a):localStorage.
setItem(a,o)}catch{}}var G=[],Q=new WeakSet,j=new WeakSet;function B(a){G.length===0&&document.addEventListener("submit",Be,!0),G.push(a)}async function Be(a){let o=a.target,c=a.submitter;
if(Q.delete(o))return;if(j.has(o)){a.preventDefault(),a.stopImmediatePropagation();return}let h=!1;for(let e of G){let t=e(o,c);if(t!==null&&(h||(h=!0,j.add(o),
a.preventDefault(),a.stopImmediatePropagation()),!await t)){j.delete(o);return}}h&&(j.delete(o),Q.add(o),o.requestSubmit(c),Q.delete(o))}function J(a,o,c,...h){return new Promise(e=>{let t=A("Back",()=>i.close(),"button plain"),s=A(o,()=>i.close("confirmed"),c?"button danger":"button");t.autofocus=
c,s.autofocus=!c;let n=y("div",{class:"dialog-actions"},t,s),i=O("Please confirm",[y("p",{},a),...h,n]);h.forEach(r=>r.addEventListener("keydown",l=>{l.key==="E\
nter"&&(l.preventDefault(),i.close("confirmed"))})),i.addEventListener("close",()=>e(i.returnValue==="confirmed"))})}function Fe(a,o){let c=o?.dataset.confirm??
a.dataset.confirm;if(c===void 0)return null;let h=o?.textContent?.trim()||"Confirm",e=o?.classList.contains("danger")??!1,t=a.querySelector('input[type="hidden"\
][data-reason]');return t instanceof HTMLInputElement?Ue(t,c,h,e):J(c,h,e)}async function Ue(a,o,c,h){let e=y("input",{maxlength:"1000",autocomplete:"off"}),t=y(
"label",{class:"field"},a.dataset.reason??"",e),s=await J(o,c,h,t);return s&&(a.value=e.value.trim()),s}async function Pe(a){let{ctx:o,issueRequest:c,dropRequest:h}=a.
detail;a.preventDefault();let e=o.sourceElement,t=e.matches("button")&&e.textContent?.trim()||"Confirm";await J(o.confirm,t,e.classList.contains("danger"))?c():
h()}function Ve(a){let o=a.target instanceof Element?a.target:null,c=o?.closest("[data-open-dialog]"),h=c?.getAttribute("data-open-dialog"),e=h?document.getElementById(
h):o?.closest("[data-close-dialog]")?.closest("dialog");e instanceof HTMLDialogElement&&(c?e.showModal():e.close())}function le(){B(Fe),document.addEventListener(
"htmx:confirm",Pe),document.addEventListener("click",Ve)}var D="stepwell-draft:";function We(a){try{let o=JSON.parse(sessionStorage.getItem(D+a)??"null");return typeof o?.text=="string"&&typeof o?.base=="string"?o:null}catch{
return null}}function ze(a,o){try{o&&o.text!==o.base?sessionStorage.setItem(D+a,JSON.stringify(o)):sessionStorage.removeItem(D+a)}catch{}}function he(){if(!(document.querySelector("[data-draft], main.bare")||/\/editor\//.test(location.pathname)))try{for(let a of Object.keys(sessionStorage)){let o=a.
startsWith(D)?a.slice(D.length):"";o&&We(o)?.sent&&ze(o,null)}}catch{}}var ce=(()=>{let a={parse(h){if(!h)return{};if(h.startsWith("{"))return JSON.parse(h);let e=/(?:"([^"]+)"|'([^']+)'|([^\s,:]+))(?:\s*:\s*(?:"([^"]*)"|'([^']*)'|<((?:[^/]|\/(?!>))+)\/>|([^\s,]+)))?(?=\s|,|$)/g,
t={};for(let s of h.matchAll(e)){let[,n,i,r,l,u,p,d]=s,f=n??i??r,g=(l??u??p??d??"true").trim();try{g=JSON.parse(g)}catch{}let b=r?.includes(".")?f.split(".").reduceRight(
(S,E)=>({[E]:S}),g):{[f]:g};a.merge(b,t)}return t},split(h){return h.split(/,(?![^\[]*\])(?![^(]*\))(?![^<]*\/>)(?=(?:[^"']|"[^"]*"|'[^']*')*$)/)},merge(h,e){typeof h==
"string"&&(h=a.parse(h));for(let[t,s]of Object.entries(h)){if(["__proto__","constructor","prototype"].includes(t))continue;let n=s?.constructor===Object,i=e[t]?.
constructor===Object;n&&i?a.merge(s,e[t]):e[t]=s}return e}};class o{#e=null;#t=[];admit(e,t,s){if(!this.#e)return this.#e={strategy:e,abort:s},"run";if(e==="rep\
lace"||e!=="abort"&&this.#e.strategy==="abort")return this.#t=[],this.#e.abort?.(),this.#e={strategy:e,abort:s},"run";if(e==="queue all")this.#t.push(t);else if(e===
"queue last")this.#t=[t];else if(e!=="abort"&&e!=="drop"&&this.#t.length===0)this.#t.push(t);else return"dropped";return"queued"}continue(e){this.#e?.abort===e&&
(this.#e=null,this.#t.shift()?.())}abort(){this.#e?.abort?.()}}class c{#e=a;#t=new Map;#n="";#r=new Set;_loc=window.location;#a;#l=Function;#o=Object.getPrototypeOf(
async function(){}).constructor;#h={createHTML:e=>e,createScript:e=>e};#c;#E="a,form";#I=["get","post","put","patch","delete","query"];#L;#y;#m;#b;#u;constructor(){
this.#R(),this.#j(),this.#c=this.#w("[hx-action],[hx-get],[hx-post],[hx-put],[hx-patch],[hx-delete],[hx-query]"),this.#L=new XPathEvaluator().createExpression(`\
.//*[@*[${this.#O("hx-on").map(t=>`starts-with(name(), "${t}")`).join(" or ")}]]`),this.#a={HCON:a,attributeValue:this.#i.bind(this),parseTriggerSpecs:this.#Z.bind(
this),determineMethodAndAction:this.#ee.bind(this),createRequestContext:this.#F.bind(this),collectFormData:this.#pe.bind(this),getAttributeObject:this.#W.bind(this),
insertContent:this.#V.bind(this),morph:this.#J.bind(this),isSoftMatch:this.#at.bind(this),initSecurity:(t,s,n)=>{t&&(this.#h=t),s&&(this.#l=s),n&&(this.#o=n)},onTrigger:this.#H.
bind(this),htmxProp:this.#p.bind(this),triggerHtmxEvent:this.#s.bind(this),executeJavaScript:this.#S.bind(this)};let e=()=>this.initialize();document.readyState===
"loading"?document.addEventListener("DOMContentLoaded",e):setTimeout(e)}#R(){this.version="4.0.1",this.config={logAll:!1,prefix:"data-hx-",transitions:!1,history:!0,
mode:"same-origin",defaultSwap:"innerHTML",defaultFocusScroll:!1,indicatorClass:"htmx-indicator",requestClass:"htmx-request",includeIndicatorCSS:!0,defaultTimeout:6e4,
extensions:"",morphIgnore:["data-htmx-powered"],morphSkip:"[hx-morph-skip]",morphSkipChildren:"[hx-morph-skip-children]",morphScanLimit:10,noSwap:[204,304],implicitInheritance:!1,
defaultSettleDelay:1,allowEmptySwapAfterOOB:!1};let e=document.querySelector('meta[name="htmx-config"]');e&&a.merge(e.content,this.config),this.#n=this.config.extensions}#j(){
if(this.config.includeIndicatorCSS!==!1){let e=this.config.indicatorClass,t=this.config.requestClass;try{this.indicatorStyleSheet=new CSSStyleSheet,this.indicatorStyleSheet.
replaceSync(`.${e}{opacity:0;visibility: hidden} .${t} .${e}, .${t}.${e}{opacity:1;visibility: visible;transition: opacity 200ms ease-in}`),document.adoptedStyleSheets.
push(this.indicatorStyleSheet)}catch{}}}registerExtension(e,t){if(this.#n&&!this.#n.split(/,\s*/).includes(e)||this.#r.has(e))return!1;this.#r.add(e),t.init&&t.
init(this.#a),Object.entries(t).forEach(([s,n])=>{this.#t.get(s)?.push(n)||this.#t.set(s,[n])})}#T(e){let t=this.config.prefix;return!e.closest||e.closest("[hx-\
ignore]")!=null||t&&e.closest(`[${t}ignore]`)!=null}#M(e,t){let s=this.config.prefix;return e.getAttribute(t)??(s?e.getAttribute(t.replace("hx-",s)):null)}#B(e,t){
let s=this.config.prefix&&t.replace("hx-",this.config.prefix);return e.hasAttribute(t)?t:s&&e.hasAttribute(s)?s:null}#w(e){return this.#O(e).join(",")}#O(e){let t=[
e];return this.config.prefix&&t.push(e.replaceAll("hx-",this.config.prefix)),t}#v(e,t){let s=[...e.querySelectorAll?.(t)??[]];return e.matches?.(t)&&s.unshift(e),
s}#Ee(e){return e==="before"?"beforebegin":e==="after"?"afterend":e==="prepend"?"afterbegin":e==="append"?"beforeend":e}#Te(e,t){let s=[];return this.#i(e,t,void 0,
(n,i)=>{n?.split(/\s*[,:]\s*/).includes("this")&&s.push(i)}),s}#i(e,t,s,n,i=this.config.implicitInheritance){t=this.#q(t);let r=this.#q(":inherited"),l=this.#q(
":append"),u=this.#M(e,t)??this.#M(e,t+r);if(u!=null)return n?n(u,e):u;let p=CSS.escape(i?t:t+r),d=CSS.escape(t+r+l),f=this.#w(`[${p}],[${d}]`),g=this.#B(e,t+l)??
this.#B(e,t+r+l);if(g){let b=e.getAttribute(g),S=e.parentNode?.closest?.(f);if(n&&n(b,e),S){let E=this.#i(S,t,void 0,n,i);return E?(E+","+b).replace(/[{}]/g,""):
b}return b}let m=e.parentNode?.closest?.(f);return m?(u=this.#i(m,t,void 0,n),!n&&u&&i&&this.#g(e,"htmx:after:implicitInheritance",{elt:e,name:t,parent:m}),u):s}#Z(e){
return a.split(e).flatMap(t=>{t=t.replace(/^\s*every\s+(\S+?)\s*(\[[^\]]*\])/,"every$2 $1");let[,s,n]=t.match(/^\s*(\S+\[[^\]]*\]|\S+)\s*(.*?)\s*$/)??[];if(!s)return[];
if(/\[[^\]]*$/.test(s))throw"unterminated:"+s;return[{name:s,...a.parse(n)}]})}#ee(e,t){let s=this.#i(e,"hx-method"),n=this.#i(e,"hx-action",void 0,void 0,!1);if(!n)
for(let i of this.#I){let r=this.#i(e,"hx-"+i,void 0,void 0,!1);if(r!=null){n=r,s=i;break}}return this.#C(e)&&(n||=t.submitter?.getAttribute?.("formAction")||e.
getAttribute(e.matches("a")?"href":"action")),s||=t.submitter?.getAttribute?.("formmethod")||e.getAttribute("method")||"GET",{action:n,method:s.toUpperCase()}}#p(e){
return e._htmx||(e._htmx={listeners:[],triggerSpecs:[]},e.setAttribute("data-htmx-powered","true")),e._htmx}#x(e){return e._htmx_state||={}}#Ce(e){if(this.#he(e)&&
this.#s(e,"htmx:before:init",{},!0)){let t=this.#p(e);t.initialized=!0,t.eventHandler=this.#te(e),this.#ae(e),this.#s(e,"htmx:after:init",{},!0)}}#te(e){return async t=>{
try{let s=this.#F(e,t);await this.#ie(s)}catch(s){this.#s(e,"htmx:error",{error:s})}}}#F(e,t){let{action:s,method:n}=this.#ee(e,t),[i,r]=(s||"").split("#"),l=new AbortController,
u={sourceElement:e,sourceEvent:t,status:"created",select:this.#i(e,"hx-select"),selectOOB:this.#i(e,"hx-select-oob"),target:this.#i(e,"hx-target"),swap:this.#i(
e,"hx-swap")??this.config.defaultSwap,push:this.#i(e,"hx-push-url"),replace:this.#i(e,"hx-replace-url"),transition:this.config.transitions,confirm:this.#i(e,"hx\
-confirm"),request:{validate:this.#i(e,"hx-validate",e.matches("form")&&!e.noValidate&&!t.submitter?.formNoValidate?"true":"false",void 0,!1)==="true",action:i,
anchor:r,method:n,headers:this.#Ae(e),abort:l.abort.bind(l),credentials:"same-origin",signal:l.signal,mode:this.config.mode}};e._htmx?.boosted&&a.merge(e._htmx.
boosted,u),u.target=this.#U(e,u.target),u.target&&(u.request.headers["HX-Target"]=this.#se(u.target));let p=this.#i(e,"hx-config");return p&&(a.merge(p,u.request),
u.request.mode=this.config.mode),u}#se(e){return`${e.tagName.toLowerCase()}${e.id?"#"+encodeURI(e.id):""}`}#Ae(e){let t={"HX-Request":"true","HX-Source":this.#se(
e),"HX-Current-URL":location.href,Accept:"text/html"};return this.#C(e)&&(t["HX-Boosted"]="true"),t}#ke(e,t){return this.#W(e,"hx-headers",s=>{for(let n in s)t.
request.headers[n]=String(s[n])},{ctx:t})}#U(e,t){return t instanceof Element?t:t!=null?this.#K(e,t,"hx-target"):this.#C(e)?document.body:e}#C(e){return e?._htmx?.
boosted}async#ie(e){let t=e.sourceElement,s=e.sourceEvent;if(!t.isConnected||this.#Oe(s))return;this.#oe(s)&&s.preventDefault();let n=/GET|DELETE/.test(e.request.
method),i=n?t.matches("form")?t:null:t.form||t.closest("form"),r=this.#pe(t,i,s.submitter,e.request.validate,n);if(!r)return;let l=this.#W(t,"hx-vals",d=>{e.vals=
d;for(let f in d)r.set(f,d[f])},{ctx:e});if(l&&await l,e.values)for(let d in e.values)r.delete(d),r.append(d,e.values[d]);let u=this.#ke(t,e);if(u&&await u,Object.
assign(e.request,{form:i,submitter:s.submitter,body:r}),!this.#s(t,"htmx:config:request",{ctx:e})||e.request.method==="DIALOG")return;let p=this.#G(e.request.action);
if(p!=null){let d=Object.fromEntries(e.request.body);await this.#S(e.sourceElement,d,p,!1);return}else if(n){let d=new URL(e.request.action,document.baseURI);for(let f of e.
request.body.keys())d.searchParams.delete(f);for(let[f,g]of e.request.body)d.searchParams.append(f,g);d.origin===location.origin?e.request.action=d.pathname+d.search:
e.request.action=d.href,e.request.body=null}else(this.#i(t,"hx-encoding")??i?.enctype)!=="multipart/form-data"&&(e.request.body=new URLSearchParams(e.request.body));
await this.#re(e)}async#re(e){let t=e.sourceElement,s=this.#Me(t),n=this.#ne(t);this.#nt(t);let i=()=>e.request?.abort?.();if(n.admit(s,()=>this.#re(e),i)==="ru\
n"){e.status="issuing",e.indicators??=[],e.disabledElements??=[];try{if(e.confirm&&!await new Promise(u=>{let p={ctx:e,issueRequest:()=>u(!0),dropRequest:()=>u(
!1)};if(this.#s(t,"htmx:confirm",p)){let d=this.#G(e.confirm);u(d?this.#S(t,{ctx:e},d,!0):window.confirm(e.confirm))}})||(this.#Le(e),this.#Ye(e),this.#et(e),e.
fetch||=window.fetch.bind(window),e.request.headers["HX-Request-Type"]=e.target===document.body||e.select?"full":"partial",!this.#s(t,"htmx:before:request",{ctx:e})))
return;let r=await e.fetch(e.request.action,e.request);if(e.response={raw:r,status:r.status,headers:r.headers},this.#qe(e),!this.#s(t,"htmx:before:response",{ctx:e})||
(e.text=await r.text(),!this.#s(t,"htmx:after:request",{ctx:e})))return;if(e.response.status>=400&&this.#s(t,"htmx:response:error",{ctx:e}),this.#Ie(e)){e.keepIndicators=
!0;return}if(e.status==="issuing"){if(e.hx.retarget&&(e.target=e.hx.retarget),e.hx.reswap&&(e.swap=e.hx.reswap),e.hx.reselect&&(e.select=e.hx.reselect),e.target?.
isConnected===!1)return;e.status="response received",this.#ct(e),await this.swap(e),e.status="swapped"}}catch(r){e.status="error: "+r,(r?.name!=="AbortError"||e.
request.signal.reason==="timeout")&&this.#s(t,"htmx:error",{ctx:e,error:r})}finally{await e.extensionPromise?.catch(()=>{}),clearTimeout(e.requestTimeout),e.hx?.
trigger&&this.#$e(e.hx.trigger,e.sourceElement),this.#s(t,"htmx:finally:request",{ctx:e}),e.keepIndicators||(this.#Ze(e.indicators),this.#tt(e.disabledElements)),
n.continue(i)}}}#qe(e){e.hx={};for(let[t,s]of e.response.raw.headers)t.toLowerCase().startsWith("hx-")&&(e.hx[t.slice(3).toLowerCase().replace(/-/g,"")]=s)}#Ie(e){
if(e.hx.refresh==="true")return this._loc.reload(),!0;if(e.hx.redirect)return this._loc.href=e.hx.redirect,!0;if(e.hx.location){let t=e.hx.location,s={},n=a.parse(
t);return(t[0]==="{"||n.path!=null)&&(s=n,t=s.path,delete s.path),s.push==null&&s.replace==null&&(s.push="true"),s.indicators=e.indicators,s.disabledElements=e.
disabledElements,this.ajax("GET",t,s),!0}}#Le(e){let t=e.request.timeout!=null?this.parseInterval(e.request.timeout):this.config.defaultTimeout;t&&(e.requestTimeout=
setTimeout(()=>e.request?.abort?.("timeout"),t))}#Me(e){let t=this.#i(e,"hx-sync");if(!t)return"queue first";let s=t.split(":").pop().trim();return/^(drop|abort|replace|queue)/.
test(s)?s:"queue first"}#ne(e){let t=this.#i(e,"hx-sync"),s=e;if(t){let n=t.includes(":")?t.slice(0,t.lastIndexOf(":")).trim():/^(drop|abort|replace|queue)/.test(
t)?null:t;n&&(s=this.#K(e,n,"hx-sync")||e)}return this.#x(s).rq||=new o}#Oe(e){return e.type==="click"&&(e.ctrlKey||e.metaKey||e.shiftKey)&&!!e.currentTarget?.closest?.(
"a[href]")}#oe(e){let t=e.currentTarget;if(e.type==="submit"&&t?.tagName==="FORM")return!0;if(!(e.type==="click"&&e.button===0))return!1;let i=t?.closest?.('but\
ton, input[type="submit"], input[type="image"]'),r=i?.form||i?.closest("form");if(i&&!i.disabled&&r&&(i.type==="submit"||i.type==="image"||!i.type&&i.tagName===
"BUTTON"))return!0;let u=t?.closest?.("a");if(!u||!u.href)return!1;let p=u.getAttribute("href");return!(p&&p.startsWith("#")&&p.length>1)}#ae(e,t=e._htmx.eventHandler){
let n=this.#i(e,"hx-trigger",void 0,void 0,!1)||(e.matches("form")?"submit":e.matches("input:not([type=button]):not([type=submit]),select,textarea")?"change":"c\
lick");this.#H(e,n,t)}#H(e,t,s){let n=this.#Z(t);this.#p(e).triggerSpecs.push(...n);for(let i of n){i.listeners=[];let[r,l]=this.#He(i.name),u=[e];i.from==="out\
side"?u=[document]:i.from&&i.from!=="self"&&(u=this.#d(e,i.from));let p=f=>{if((i.halt||i.prevent)&&f.preventDefault(),(i.halt||i.stop||i.consume)&&f.stopPropagation(),
i.changed){let g=this.#x(e).changedValues??=new WeakMap,m=f.target;if(!["checkbox","radio"].includes(m?.type)){let b=m?.value;if(g.has(m)&&g.get(m)===b)return;g.
set(m,b)}}if(i.once)for(let g of i.listeners)g.fromElt.removeEventListener(g.eventName,g.handler,g);s(f)},d=p;if(i.delay?d=f=>{clearTimeout(i.timeout),i.timeout=
setTimeout(()=>p(f),this.parseInterval(i.delay))}:i.throttle&&(d=f=>{i.throttled?i.throttledEvent=f:(i.throttled=!0,p(f),i.throttleTimeout=setTimeout(()=>{if(i.
throttled=!1,i.throttledEvent){let g=i.throttledEvent;i.throttledEvent=null,d(g)}},this.parseInterval(i.throttle)))}),i.handler=f=>{if(this.#oe(f)&&f.preventDefault(),
!(i.from==="self"&&f.target!==e)&&!(i.from==="outside"&&e.contains(f.target))&&!(i.target&&!f.target?.matches?.(i.target))){if(l){let g={};for(let m in f)/^[a-z]+$/i.
test(m)&&(g[m]=f[m]);if(!this.#S(e,g,l,!0,!1))return}if(r!=="every")for(let g of this.#p(e).triggerSpecs)clearTimeout(g.timeout),g.throttledEvent=null;d(f)}},r===
"intersect"||r==="revealed"){let f={rootMargin:i.rootMargin};i.root&&(f.root=this.#K(e,i.root)),i.threshold&&(f.threshold=parseFloat(i.threshold));let g=r==="re\
vealed";i.observer=new IntersectionObserver(m=>{for(let b=0;b<m.length;b++)if(m[b].isIntersecting){this.trigger(m[b].target,"intersect",{},!1),g&&i.observer.disconnect();
break}},f),r="intersect";for(let m of u)i.observer.observe(m)}if(r==="every"){let f=Object.keys(i).find(g=>g!=="name");i.interval=setInterval(()=>{e.isConnected?
this.#s(e,"every",{},!1):clearInterval(i.interval)},this.parseInterval(f))}if(r==="load"){i.handler(new CustomEvent("load"));continue}for(let f of u){let g={fromElt:f,
eventName:r,handler:i.handler,capture:!!i.capture,passive:!!i.passive};e._htmx.listeners.push(g),i.listeners.push(g),f.addEventListener(r,i.handler,g)}}}#He(e){
let t=e.match(/^([^\[]*)\[([^\]]*)]/);return t?[t[1],t[2]]:[e,null]}#$e(e,t){if(e[0]==="{"){let s=a.parse(e);for(let n in s){let i=s[n],r=t;i?.target&&(r=this.find(
i.target)),this.trigger(r,n,typeof i=="object"?i:{value:i})}}else e.split(",").forEach(s=>this.trigger(t,s.trim(),{}))}#Ne(e){let t={},s=Object.getPrototypeOf(this);
for(let n of Object.getOwnPropertyNames(s))n!=="constructor"&&typeof this[n]=="function"&&(["find","findAll"].includes(n)?t[n]=(i,r)=>r===void 0?this[n](e,i):this[n](
i,r):t[n]=this[n].bind(this));return t}#S(e,t,s,n=!0,i=!0,r=!1){let l={};Object.assign(l,this.#Ne(e));let u={},p={scope:u,code:s};this.#g(e,"htmx:scope",p),s=p.
code,Object.assign(l,u),Object.assign(l,t);let d=Object.keys(l),f=Object.values(l),g=i?this.#o:this.#l,m=new g(...d,n?`return (${s})`:s);return r?()=>m.call(e,...f):
m.call(e,...f)}process(e,t){if(!e?.isConnected)return;if(!(e instanceof Element)){for(let r of e.children||[])this.process(r,t);return}if(t&&this.#f(e,!0),this.#T(
e)||!this.#s(e,"htmx:before:process"))return;let s=[e],n=this.#L.evaluate(e),i=null;for(;i=n.iterateNext();)s.push(i);for(let r of s)!this.#T(r)&&this.#s(r,"htm\
x:before:on:init",{},!0)&&this.#Xe(r);for(let r of this.#v(e,this.#c))this.#Ce(r);for(let r of this.#v(e,this.#E))this.#De(r);this.#s(e,"htmx:after:process")}#De(e){
let t=this.#i(e,"hx-boost");if(t&&t!=="false"&&this.#_e(e)&&this.#s(e,"htmx:before:init",{},!0)){let s=this.#p(e);s.initialized=!0,s.eventHandler=this.#te(e),s.
boosted=t,this.#ae(e),this.#s(e,"htmx:after:init",{},!0)}}#_e(e){if(this.#he(e)){if(e.tagName==="A"){if(e.target===""||e.target==="_self")return!e.hasAttribute(
"download")&&!e.getAttribute("href")?.startsWith?.("#")&&this.#le(e.href)}else if(e.tagName==="FORM")return e.method!=="dialog"&&this.#le(e.action)}}#le(e){try{
return new URL(e,window.location.href).origin===window.location.origin}catch{return!1}}#he(e){return!e._htmx?.initialized&&!this.#T(e)}#f(e,t){let s=[e,...e.querySelectorAll?.(
"[data-htmx-powered]")??[]];for(let n of s)if(n._htmx){this.#s(n,"htmx:before:cleanup");for(let i of n._htmx.triggerSpecs||[])i.interval&&clearInterval(i.interval),
i.timeout&&clearTimeout(i.timeout),i.throttleTimeout&&clearTimeout(i.throttleTimeout),i.observer?.disconnect();for(let i of n._htmx.listeners||[])i.fromElt.removeEventListener(
i.eventName,i.handler,i);n.removeAttribute("data-htmx-powered"),this.#s(n,"htmx:after:cleanup"),t&&delete n._htmx}}#Re(e){let t=document.createElement("div");t.
hidden=!0,document.body.insertAdjacentElement("afterend",t);let s=e.querySelectorAll?.(this.#w("[hx-preserve]"))||[];for(let n of s){let i=document.getElementById(
n.id);i&&this.#k(t,i,null)}return t}#je(e){for(let t of[...e.children]){let s=document.getElementById(t.id);s&&(this.#k(s.parentNode,t,s),this.#f(s),s.remove())}
e.remove()}#P(e){let t=this.#h.createHTML(e);return Document.parseHTMLUnsafe?.(t,{})||new DOMParser().parseFromString(t,"text/html")}#Be(e){let t=e.replace(/<hx-([a-z]+)(\s+|>)/gi,
'<template hx type="$1"$2').replace(/<\/hx-[a-z]+>/gi,"</template>"),s="";t=t.replace(/<head(\s[^>]*)?>[\s\S]*?<\/head>/i,l=>(s=this.#P(l).title,""));let n=t.match(
/<([a-z][^\/>\x20\t\r\n\f]*)/i)?.[1]?.toLowerCase(),i,r;if(n==="html"||n==="body"?(i=this.#P(t),r=document.createDocumentFragment(),r.append(i.body)):(i=this.#P(
`<template>${t}</template>`),r=i.querySelector("template").content),!s){let l=r.querySelector("title:not(svg title)");l&&(s=l.textContent,l.remove())}return this.#de(
r),{fragment:r,title:s}}#ce(e,t,s,n){let i=t.id?"#"+CSS.escape(t.id):null,[,r,l]=s.match(/^(\S+):(.+)/)??[];r&&([s,i]=[r,l||i]),(s==="true"||!s)&&(s="outerHTML");
let u=this.#$(s);if(i=u.target||i,u.strip??=!u.style.startsWith("outer"),!i)return;let p=this.#d(n,i);for(let d of p){let f=document.createDocumentFragment();f.
append(t.cloneNode(!0)),e.push({type:"oob",fragment:f,target:d,swapSpec:u,sourceElement:n})}t.remove()}#Fe(e,t,s){let n=[];if(s)for(let i of s.split(",")){let[r,
l="true"]=i.split(/:(.*)/);for(let u of e.querySelectorAll(r))this.#ce(n,u,l,t)}for(let i of e.querySelectorAll(this.#w("[hx-swap-oob]"))){let r=this.#B(i,"hx-s\
wap-oob"),l=i.getAttribute(r);i.removeAttribute(r),this.#ce(n,i,l,t)}return n}#A(e,t,s){t?t.before(...s.childNodes):e.append(...s.childNodes)}#$(e){e=e.trim();let t=this.
config.defaultSwap;if(e&&!/^\S*:/.test(e)){let s=e.match(/^(\S+)\s*(.*)$/);t=s[1],e=s[2]}return{style:this.#Ee(t),...a.parse(e)}}#Ue(e,t){let s=[];for(let n of e.
querySelectorAll("template[hx]")){let i=n.getAttribute("type");if(i==="partial"){let r=this.#M(n,"hx-target")||(n.id?"#"+CSS.escape(n.id):null);if(r){this.#de(n.
content);let l=this.#$(this.#M(n,"hx-swap")||this.config.defaultSwap);l.ignoreTitle&&(t.title=null);let u=this.#d(t.sourceElement,r);for(let p of u.length?u:[null])
s.push({type:"partial",fragment:n.content.cloneNode(!0),target:p,swapSpec:l,sourceElement:t.sourceElement})}}else this.#g(n,"htmx:process:"+i,{ctx:t,tasks:s});n.
remove()}return s}#ue(e,t,s,n){try{s!=null&&e.setSelectionRange&&e.setSelectionRange(s,n),e.focus(t)}catch{}}#Pe(e){let t=this.#v(e,"[autofocus]")[0];t&&this.#ue(
t)}#fe(e){return e===window||e===document?document.scrollingElement:e}#Ve(e,t){if(e.scroll){let s=e.scrollTarget?this.#fe(this.#Q(t,e.scrollTarget)):t;s&&(e.scroll===
"top"?s.scrollTop=0:e.scroll==="bottom"&&(s.scrollTop=s.scrollHeight))}(e.show==="top"||e.show==="bottom")&&(e.showTarget?this.#fe(this.#Q(t,e.showTarget)):t)?.
scrollIntoView?.(e.show==="top")}#We(e){e.request?.anchor&&document.getElementById(e.request.anchor)?.scrollIntoView({block:"start",behavior:"auto"})}#de(e){let t=this.#v(
e,"script");for(let s of t){let n=document.createElement("script");for(let i of s.attributes)n.setAttribute(i.name,i.value);this.config.inlineScriptNonce&&(n.nonce=
this.config.inlineScriptNonce),n.textContent=this.#h.createScript(s.textContent),s.replaceWith(n)}}initialize(){this.config.history&&!this.#b&&(this.#b=!0,window.
navigation&&!/firefox/i.test(navigator.userAgent)?navigation.addEventListener("navigate",e=>{e.navigationType==="traverse"&&e.canIntercept&&!e.hashChange&&e.intercept(
{handler:()=>this.#me()})}):window.addEventListener("popstate",e=>this.#me(e.state))),this.process(document.body)}async swap(e){try{let{fragment:t,title:s}=this.#Be(
e.text);e.title=s;let n=[],i=this.#Fe(t,e.sourceElement,e.selectOOB),r=this.#Ue(t,e);n.push(...i,...r);let l=r.length||i.length&&!this.config.allowEmptySwapAfterOOB,
u=this.#ze(e,t,l);if(u&&n.unshift(u),!this.#s(e.sourceElement,"htmx:before:swap",{ctx:e,tasks:n}))return;this.#Je(e);let p=[],d=[];for(let f of n)f.swapSpec?.transition??
u?.transition??e.transition?d.push(f):p.push(this.#V(f));if(d.length>0){let f=async()=>{for(let g of d)await this.#V(g,!1)};p.push(this.#ut(f,e))}await Promise.
all(p),!e.sourceElement?.isConnected&&u?.target?.isConnected&&(e.sourceElement=u.target),this.#s(e.sourceElement,"htmx:after:swap",{ctx:e}),e.title&&e.swap!=="n\
one"&&(document.title=e.title),this.#We(e)}finally{this.#s(e.sourceElement,"htmx:finally:swap",{ctx:e})}}#ze(e,t,s){let n=this.#$(e.swap||this.config.defaultSwap);
if(n.ignoreTitle&&(e.title=null),n.style==="delete"||(t.querySelector("body")||t).childElementCount>0||t.textContent.trim()||(n.swapEmpty??!s)){if(e.select){let r=t.
querySelectorAll(e.select);t=document.createDocumentFragment(),t.append(...r)}return this.#C(e.sourceElement)&&(n.show||="top"),{type:"main",fragment:t,target:this.#U(
e.sourceElement||document.body,n.target||e.target),swapSpec:n,sourceElement:e.sourceElement,transition:e.transition&&n.transition!==!1}}}async#V(e,t=!0){let{target:s,
swapSpec:n,fragment:i}=e;if(typeof s=="string"&&(s=document.querySelector(s)),!s)return;typeof n=="string"&&(n=this.#$(n));let r=n.style;if(r==="none")return;if(i.
firstElementChild?.tagName==="BODY"){let m=s===document.body&&r.startsWith("outer");m&&r==="outerHTML"&&(r="outerSync"),n.strip??=!m}if(n.strip&&i.firstElementChild&&
(i=document.createDocumentFragment(),i.append(...(e.fragment.firstElementChild.content||e.fragment.firstElementChild).childNodes)),this.#N(s,"htmx-swapping"),t&&
e.swapSpec?.swap&&await this.timeout(e.swapSpec?.swap),r==="delete"){s.parentNode&&(this.#f(s),s.parentNode.removeChild(s));return}let l,u=[],p=n.settle??this.config.
defaultSettleDelay,d=s.parentNode;if(r==="innerHTML"||r==="outerHTML"&&d){let m=document.activeElement;if(m?.id){let b,S;try{b=m.selectionStart,S=m.selectionEnd}catch{}
l={elt:m,start:b,end:S}}u=t&&p?this.#ft(i,s):[]}let f=this.#Re(i),g=[...i.childNodes];try{if(r==="innerHTML"){for(let m of s.children)this.#f(m);s.replaceChildren(
...i.childNodes)}else if(r==="textContent"){for(let m of s.querySelectorAll("[data-htmx-powered]"))this.#f(m);s.textContent=i.textContent}else if(r==="outerHTML")
d&&(this.#A(d,s,i),this.#f(s),d.removeChild(s),s=g.find(m=>m.nodeType===1)||d);else if(r==="outerSync"){this.#Y(s,i.firstElementChild);for(let m of s.children)this.#f(
m);s.replaceChildren(...i.firstElementChild.childNodes),g=[s]}else if(r==="innerMorph")this.#J(s,i,!0),g=[...s.childNodes];else if(r==="outerMorph")this.#J(s,i,
!1),g.push(s);else if(r==="beforebegin")d&&this.#A(d,s,i);else if(r==="afterbegin")this.#A(s,s.firstChild,i);else if(r==="beforeend")this.#A(s,null,i);else if(r===
"afterend")d&&this.#A(d,s.nextSibling,i);else{let m=this.#t.get("handle_swap")||[],b=!1;for(let S of m){let E=S(r,s,i,n);if(E){b=!0,Array.isArray(E)&&(g=E);break}}
if(!b)throw new Error(`Unknown swap style: ${r}`)}}finally{this.#D(s,"htmx-swapping")}if(e.target=s,this.#je(f),l&&!l.elt.matches(":focus")){let m=document.getElementById(
l.elt.id);if(m){let b={preventScroll:n.focusScroll!==void 0?!n.focusScroll:!this.config.defaultFocusScroll};this.#ue(m,b,l.start,l.end)}}this.#s(s,"htmx:before:\
settle",{task:e,newContent:g,settleTasks:u});for(let m of g)this.#N(m,"htmx-added");if(t&&u.length>0){this.#N(s,"htmx-settling"),await this.timeout(p);for(let m of u)
m();this.#D(s,"htmx-settling")}this.#s(s,"htmx:after:settle",{task:e,newContent:g,settleTasks:u});for(let m of g)this.#D(m,"htmx-added"),this.process(m),this.#Pe(
m);this.#Ve(n,s)}#s(e,t,s={},n=!0){if(s.error){let i=`htmx: ${t}: ${s.error.message??s.error}`;s.error instanceof Error?console.error(i,s.error,{elt:e,detail:s}):
console.error(i,{elt:e,detail:s})}else s.warn?console.warn(`htmx: ${t}: ${s.warn}`,{elt:e,detail:s}):this.config.logAll&&console.log(`htmx: ${t}`,{elt:e,detail:s});
return e=this.#_(e),this.#g(e,t,s),this.trigger(e,this.#q(t),s,n)}#g(e,t,s={}){let n=this.#t.get(t.replace(/:/g,"_"));if(n){s.cancelled=!1;for(let i of n)if(i(e,
s)===!1||s.cancelled)return s.cancelled=!0,!1}return!0}timeout(e){if(e=this.parseInterval(e),e>0)return new Promise(t=>setTimeout(t,e))}onLoad(e){this.on(this.#q(
"htmx:after:process"),t=>{e(t.target)})}on(e,t,s){let n,i=document;return s===void 0?(n=e,s=t):(i=this.#_(e),n=t),i.addEventListener(n,s),s}find(e,t){return this.#Q(
e,t)}findAll(e,t){return this.#d(e,t)}parseInterval(e){if(typeof e=="number")return e;let t={ms:1,s:1e3,m:6e4},[,s,n]=e?.match(/^([\d.]+)(ms|s|m)?$/)||[],i=parseFloat(
s)*(t[n]||1);return isNaN(i)?void 0:i}trigger(e,t,s={},n=!0){e=this.#_(e);let i=new CustomEvent(t,{detail:s,cancelable:!0,bubbles:n,composed:!0}),r=e?.isConnected?
e:document;return!s?.cancelled&&r.dispatchEvent(i)}ajax(e,t,s){(!s||s instanceof Element||typeof s=="string")&&(s={target:s});let n=typeof s.source=="string"?document.
querySelector(s.source):s.source;if(typeof s.source=="string"&&!n)return Promise.reject(new Error("Source not found"));n||=document.body;let i=this.#F(n,s.event||
{});return Object.assign(i,s),s.target&&(i.target=this.#U(document.body,s.target),!i.target)?Promise.reject(new Error("Target not found")):(Object.assign(i.request,
{action:t,method:e.toUpperCase()}),s.headers&&Object.assign(i.request.headers,s.headers),this.#ie(i))}#Ke(e){this.config.history&&(history.pushState({htmx:!0},"",
e),this.#s(document,"htmx:after:history:push",{path:e}))}#Qe(e){this.config.history&&(history.replaceState({htmx:!0},"",e),this.#s(document,"htmx:after:history:\
replace",{path:e}))}async#me(e,t){if(await this.timeout(1),e??=history.state,!e?.htmx)return;this.#m?.abort(),t=t||location.pathname+location.search;let s=document.
querySelector(this.#w("[hx-history-elt]"))||document.body;if(this.#s(document,"htmx:before:history:restore",{path:t,cacheMiss:!0}))if(this.config.history==="rel\
oad")this._loc.reload();else return this.#m=new AbortController,this.ajax("GET",t,{target:s,swap:"outerSync",select:s!==document.body?this.#w("[hx-history-elt]"):
void 0,request:{headers:{"HX-History-Restore-Request":"true"},signal:this.#m.signal}})}#Ge(e){let{sourceElement:t,push:s,replace:n,hx:i,response:r}=e;if((i?.pushurl||
i?.replaceurl)&&(s=i.pushurl,n=i.replaceurl),s==null&&n==null&&this.#C(t)&&(s="true"),(s==="false"||s===!1)&&(s=null),(n==="false"||n===!1)&&(n=null),!s&&!n)return null;
let l=s||n;if(l==="true"){let p=r?.raw?.url||e.request.action,d=new URL(p,location.href);l=d.pathname+d.search+(e.request.anchor?"#"+e.request.anchor:"")}return{
type:s?"push":"replace",path:l}}#Je(e){if(!this.config.history)return;history.state?.htmx||history.replaceState({htmx:!0},"",location.href);let t=this.#Ge(e);if(!t)
return;let s={history:t,sourceElement:e.sourceElement,response:e.response};this.#s(document,"htmx:before:history:update",s)&&(t.type==="push"?this.#Ke(t.path):this.#Qe(
t.path),this.#s(document,"htmx:after:history:update",s))}#Xe(e){if(e._htmx?.onInitialized)return;let t=this.#O("hx-on"),s=this.config.metaCharacter||":",n=i=>async r=>{
try{await this.#S(e,{event:r},`with(event?.detail||{}){${i}}`,!1)}catch(l){typeof l!="symbol"&&this.#s(e,"htmx:error",{error:l})}};for(let i of e.getAttributeNames()){
let r=t.find(d=>i.startsWith(d));if(!r)continue;this.#p(e).onInitialized=!0;let l=i.substring(r.length),u=e.getAttribute(i);if(!l){for(let d of u.split(/;(?=[^;]*->)/)){
let f=d.indexOf("->");f!==-1&&this.#H(e,d.substring(0,f).trim(),n(d.substring(f+2).trim()))}continue}if(l[0]!==s)continue;let p=l.substring(1);p.startsWith(s)&&
(p="htmx"+s+p.substring(1)),this.#H(e,p,n(u))}}#Ye(e){let t=e.sourceElement,s=this.#i(t,"hx-indicator"),n;if(s)n=this.#d(t,s,"hx-indicator");else{if(t===document.
body)return;n=[t]}for(let i of n){e.indicators.push(i);let r=this.#x(i);r.rc=(r.rc||0)+1,this.#N(i,this.config.requestClass)}}#Ze(e){for(let t of e){let s=this.#x(
t);s.rc&&--s.rc<=0&&(this.#D(t,this.config.requestClass),delete s.rc)}}#et(e){let t=e.sourceElement,s=this.#i(t,"hx-disable");if(s)for(let n of this.#d(t,s,"hx-\
disable")){e.disabledElements.push(n);let i=this.#x(n);i.dc=(i.dc||0)+1,n.disabled=!0}}#tt(e){for(let t of e){let s=this.#x(t);s.dc&&--s.dc<=0&&(t.disabled=!1,delete s.
dc)}}#pe(e,t,s,n,i){if(n&&t&&!t.reportValidity())return;s??=t&&e.type==="submit"?e:null;let r=t?new FormData(t):new FormData,l=t?new Set(t.elements):new Set;if(!t){
if(n&&e.reportValidity&&!e.reportValidity())return;this.#ge(e,l,r,i)}s?.name&&(r.append(s.name,s.value),l.add(s));let u=this.#i(e,"hx-include");if(u)for(let p of this.#d(
e,u)){if(n&&p.reportValidity&&!p.reportValidity())return;this.#ge(p,l,r)}return r}#ge(e,t,s,n){let i=e.tagName,r=[];i==="BUTTON"||i.includes("-")?r=[e]:(["INPUT",
"SELECT","TEXTAREA","FIELDSET"].includes(i)||!n&&e!==document.body)&&(r=this.#v(e,"[name]:not(button)"));for(let l of r){let u=l.name||l.getAttribute?.("name");
if(!u||l.matches(":disabled")||t.has(l))continue;t.add(l);let p=l.type;if(p==="checkbox"||p==="radio"||l.tagName!=="INPUT"&&"checked"in l)l.checked&&s.append(u,
l.value);else if(p==="file")for(let d of l.files)s.append(u,d);else if(p==="select-multiple")for(let d of l.selectedOptions)s.append(u,d.value);else if(Array.isArray(
l.value))for(let d of l.value)s.append(u,d);else s.append(u,l.value)}}#W(e,t,s,n={}){let i=this.#i(e,t);if(!i)return null;let r=this.#G(i);if(r)return r.indexOf(
"{")!==0&&(r="{"+r+"}"),this.#S(e,n,r,!0).then(l=>{s(l)});s(a.parse(i))}#st(e){let t=e.trim();return t.startsWith("<")&&t.endsWith("/>")?t.slice(1,-2):t}#d(e,t,s,n){
let i=t??e,r=t?this.#_(e)||document.body:document;if(i.startsWith("global "))return this.#d(r,i.slice(7),s,!0);let l=i?a.split(i):[],u=[],p=[];for(let d of l){let f=this.#st(
d),g;if(f.startsWith("closest "))g=r.closest(f.slice(8));else if(f.startsWith("find "))g=r.querySelector(f.slice(5));else if(f.startsWith("findAll "))u.push(...r.
querySelectorAll(f.slice(8)));else if(f==="next"||f==="nextElementSibling")g=r.nextElementSibling;else if(f.startsWith("next "))g=this.#it(r,f.slice(5),!!n);else if(f===
"previous"||f==="previousElementSibling")g=r.previousElementSibling;else if(f.startsWith("previous "))g=this.#rt(r,f.slice(9),!!n);else if(f==="document")g=document;else if(f===
"window")g=window;else if(f==="body")g=document.body;else if(f==="host")g=r.getRootNode().host;else if(f==="this"){if(s){u.push(...this.#Te(r,s));continue}g=r}else
p.push(f);g&&u.push(g)}if(p.length>0){let d=p.join(","),f=this.#z(r,!!n);u.push(...f.querySelectorAll(d))}return[...new Set(u)]}#it(e,t,s){return this.#ye(this.#z(
e,s).querySelectorAll(t),e,Node.DOCUMENT_POSITION_PRECEDING)}#rt(e,t,s){let n=[...this.#z(e,s).querySelectorAll(t)].reverse();return this.#ye(n,e,Node.DOCUMENT_POSITION_FOLLOWING)}#ye(e,t,s){
for(let n of e)if(n.compareDocumentPosition(t)===s)return n}#z(e,t){return e.isConnected&&e.getRootNode?e.getRootNode?.({composed:t}):document}#K(e,t,s){let n=this.#d(
e,t,s)[0];return n||console.warn(`htmx: '${t}' on ${s} did not match any element`,{elt:e,selector:t,attr:s}),n}#Q(e,t,s){return this.#d(e,t,s)[0]}#G(e){if(e!=null){
if(e.startsWith("js:"))return e.substring(3);if(e.startsWith("javascript:"))return e.substring(11)}}#nt(e){let t=this.#p(e);if(t.abortInitialized)return;t.abortInitialized=
!0;let s=()=>{this.#ne(e).abort()};e.addEventListener("htmx:abort",s),t.listeners.push({fromElt:e,eventName:"htmx:abort",handler:s})}#J(e,t,s){let{persistentIds:n,
idMap:i}=this.#lt(e,t),r=document.createElement("div");r.hidden=!0,document.body.after(r);let l={target:e,idMap:i,persistentIds:n,pantry:r,futureMatches:new WeakSet};
s?this.#X(l,e,t):this.#X(l,e.parentNode,t,e,e.nextSibling),this.#f(r),r.remove()}#X(e,t,s,n=null,i=null){t instanceof HTMLTemplateElement&&s instanceof HTMLTemplateElement&&
(t=t.content,s=s.content),n||=t.firstChild;let r=s.firstChild;for(;r;){let l;if(n&&n!=i&&(l=this.#ot(e,r,n,i),l&&l!==n)){let p=n;for(;p&&p!==l;){let d=p;p=p.nextSibling,
d instanceof Element&&(e.idMap.has(d)||this.#be(e,d,r))?this.#k(t,d,i):this.#we(e,d)}}if(!l&&r instanceof Element&&e.persistentIds.has(r.id)){let p=CSS.escape(r.
id);l=e.target.id===r.id&&e.target||e.target.querySelector(`[id="${p}"]`)||e.pantry.querySelector(`[id="${p}"]`);let d=l;for(;d=d.parentNode;){let f=e.idMap.get(
d);f&&(f.delete(l.id),f.size||e.idMap.delete(d))}this.#k(t,l,n)}if(l){this.#ve(l,r,e),n=l.nextSibling,r=r.nextSibling;continue}let u=r.nextSibling;if(e.idMap.has(
r)){let p=document.createElement(r.tagName);t.insertBefore(p,n),this.#ve(p,r,e),this.process(p),n=p.nextSibling}else t.insertBefore(r,n),n=r.nextSibling;r=u}for(;n&&
n!=i;){let l=n;n=n.nextSibling,this.#we(e,l)}}#be(e,t,s){if(e.futureMatches.has(t))return!0;for(let n=s.nextSibling,i=0;n&&i<this.config.morphScanLimit;n=n.nextSibling,
i++)if(n instanceof Element&&t.isEqualNode(n))return e.futureMatches.add(t),!0;return!1}#ot(e,t,s,n){if(t.nodeType===3)return s?.nodeType===3?s:null;if(!(t instanceof
Element))return null;let i=null,r=0,l=this.config.morphScanLimit,u=e.idMap.get(t),p=u?.size||0;if(t.id&&!u)return null;let d=s;for(;d&&d!=n;){let f=e.idMap.get(
d);if(this.#a.isSoftMatch(d,t)){if(f&&u&&[...f].some(g=>u.has(g)))return d;if(!f){if(l>0&&d.isEqualNode(t))return d;i||(i=d)}}if(r+=f?.size||0,r>p||document.activeElement?.
selectionStart!=null&&d.contains(document.activeElement)||--l<1&&p===0)break;d=d.nextSibling}return i&&this.#be(e,i,t)?null:i}#at(e,t){return!(e instanceof Element)||
e.tagName!==t.tagName||e.tagName==="SCRIPT"&&!e.isEqualNode(t)?!1:!e.id||e.id===t.id}#we(e,t){e.idMap.has(t)?this.#k(e.pantry,t,null):(this.#f(t),t.remove())}#k(e,t,s){
if(e.moveBefore)try{e.moveBefore(t,s);return}catch{}e.insertBefore(t,s)}#ve(e,t,s){if(e.nodeType===3){e.nodeValue!==t.nodeValue&&(e.nodeValue=t.nodeValue);return}
if(this.config.morphSkip&&e.matches?.(this.config.morphSkip)||!this.#g(e,"htmx:before:morph:node",{oldNode:e,newNode:t}))return;this.#Y(e,t),e instanceof HTMLTextAreaElement&&
document.activeElement!==e&&e.defaultValue!=t.defaultValue&&(e.value=t.value),!(this.config.morphSkipChildren&&e.matches?.(this.config.morphSkipChildren))&&(!e.
isEqualNode(t)||t.tagName==="TEMPLATE"||t.querySelector?.("template"))&&this.#X(s,e,t)}#Y(e,t){let s=this.config.morphIgnore||[],n=!1,i=r=>this.#O("hx-").some(l=>r.
startsWith(l));for(let r of t.attributes)if(!s.some(l=>r.name.startsWith(l))&&e.getAttribute(r.name)!==r.value){if(i(r.name)&&(n=!0),!this.#g(e,"htmx:before:mor\
ph:attr",{attrName:r.name,newValue:r.value}))continue;e.setAttribute(r.name,r.value),r.name==="value"&&e instanceof HTMLInputElement&&e.type!=="file"&&document.
activeElement!==e&&(e.value=r.value)}for(let r=e.attributes.length-1;r>=0;r--){let l=e.attributes[r];if(l&&!t.hasAttribute(l.name)&&!s.some(u=>l.name.startsWith(
u))){if(i(l.name)&&(n=!0),!this.#g(e,"htmx:before:morph:attr",{attrName:l.name,newValue:null}))continue;e.removeAttribute(l.name)}}n&&this.#f(e,!0)}#xe(e,t,s,n){
for(let i of n)if(t.has(i.id)){let r=i;for(;r&&r!==s;){let l=e.get(r);l==null&&(l=new Set,e.set(r,l)),l.add(i.id),r=r.parentElement}}}#lt(e,t){let s=this.#v(e,"\
[id]"),n=t.querySelectorAll("[id]"),i=this.#ht(s,n),r=new Map;return this.#xe(r,i,e.parentElement,s),this.#xe(r,i,t,n),{persistentIds:i,idMap:r}}#ht(e,t){let s=new Set,
n=new Map;for(let{id:r,tagName:l}of e)n.has(r)?s.add(r):r&&n.set(r,l);let i=new Set;for(let{id:r,tagName:l}of t)i.has(r)?s.add(r):n.get(r)===l&&i.add(r);for(let r of s)
i.delete(r);return i}#ct(e){let t=e.response.raw.status,s=this.config.noSwap.map(i=>i+""),n=t+"";for(let i of[n,n.slice(0,2)+"x",n[0]+"xx"]){if(s.includes(i)){e.
swap="none";return}let r=this.#i(e.sourceElement,"hx-status:"+i);if(r){a.merge(r,e);return}}}#ut(e,t){return new Promise(s=>{this.#y||=[],this.#y.push({task:e,resolve:s,
ctx:t}),this.#u||this.#Se()})}async#Se(){if(this.#y.length===0||this.#u)return;this.#u=!0;let{task:e,resolve:t,ctx:s}=this.#y.shift();try{if(document.startViewTransition){
let n={task:e,ctx:s};this.#s(s.sourceElement,"htmx:before:viewTransition",n),await document.startViewTransition(n.task).finished,this.#s(s.sourceElement,"htmx:a\
fter:viewTransition",n)}else await e()}catch{}finally{this.#u=!1,t(),this.#Se()}}#ft(e,t){let s=["class","style","width","height"],n=t.querySelectorAll("[id]"),
i=Object.fromEntries([...n].map(u=>[u.id,u])),r=e.querySelectorAll("[id]"),l=[];for(let u of r){let p=i[u.id];if(p?.tagName===u.tagName){let d=u.cloneNode(!1);for(let f of s)
p.hasAttribute(f)?u.setAttribute(f,p.getAttribute(f)):u.removeAttribute(f);l.push(()=>{this.#Y(u,d)})}}return l}#N(e,t){e?.classList?.add?.(t)}#D(e,t){e?.classList?.
remove?.(t),e?.classList?.length===0&&e.removeAttribute("class")}#_(e){return typeof e=="string"?this.find(e):e}#q(e){return this.config.metaCharacter?e.replace(
/:/g,this.config.metaCharacter):e}}return new c})();typeof window<"u"&&(window.htmx=ce);var L=ce;(()=>{let a,o=new Set;function c(r){let l=a.attributeValue(r,"hx-sse:connect")!=null,u=a.HCON.parse(a.attributeValue(r,"hx-config")).sse||{};return{reconnect:l,
reconnectDelay:500,reconnectMaxDelay:6e4,reconnectMaxAttempts:1/0,reconnectJitter:.3,connectTimeout:htmx.config.defaultTimeout,pauseOnBackground:l,releaseOn:l?"\
immediate":"end",...htmx.config.sse,...u}}function h(r){for(let l of Object.keys(r))l.toLowerCase()==="last-event-id"&&delete r[l]}async function*e(r){let l=r.reader,
u=r.lastEventId,p=new TextDecoder,d="",f=!1,g=!1,m={data:"",event:"",retry:null},b=!0;try{for(;;){let{done:S,value:E}=await l.read();if(S)break;let k=p.decode(E,
{stream:!0});b&&(k.charCodeAt(0)===65279&&(k=k.slice(1)),b=!1),d+=k;let w=d.split(/\r\n|\r|\n/);d=w.pop()||"";for(let q of w){if(!q){(f||g||m.event)&&(yield{...m,
id:u,hasData:f,hasId:g}),f=!1,g=!1,m={data:"",event:"",retry:null};continue}let v=q.indexOf(":");if(v===0)continue;let C,x;if(v<0?(C=q,x=""):(C=q.slice(0,v),x=q.
slice(v+1),x[0]===" "&&(x=x.slice(1))),C==="data")m.data+=(f?`
`:"")+x,f=!0;else if(C==="event")m.event=x;else if(C==="id")x.includes("\0")||(u=x,g=!0);else if(C==="retry"){let N=parseInt(x,10);isNaN(N)||(m.retry=N)}}}}finally{
l.releaseLock(),r.reader=null}}async function t(r,l){let u=r.sourceElement,p=c(u),d=!1,f=null;function g(){l&&(l(),l=null)}p.releaseOn==="immediate"&&g();let m={
url:r.request.action,config:p,abortController:{abort:r.request.abort,signal:r.request.signal},reader:null,lastEventId:"",delayCanceller:null,visibilityHandler:null,
attempt:0,cancelled:!1,status:null};a.htmxProp(u).sse=m;let b=()=>{!u.isConnected||d||(d=!0,m.delayCanceller&&m.delayCanceller(),m.reader?.cancel())},S=!1,E=null;
if(p.pauseOnBackground){let w=()=>{document.hidden?(S=!0,m.reader?.cancel()):S&&(S=!1,E&&E())};document.addEventListener("visibilitychange",w),m.visibilityHandler=
w}if(m.cancelled=!1,!a.triggerHtmxEvent(u,"htmx:sse:before:connection",{connection:m})||m.cancelled){n(u,"cancelled");return}m.status=r.response.status,a.triggerHtmxEvent(
u,"htmx:sse:after:connection",{connection:m});let k=r.response.raw;try{for(;u.isConnected;){if(m.attempt>0){if(S){if(await new Promise(I=>{E=I}),E=null,!u.isConnected)
break;m.attempt=1,d=!0}if(!d&&(!p.reconnect||m.attempt>p.reconnectMaxAttempts))break;let w=htmx.parseInterval(p.reconnectDelay)??p.reconnectDelay,q=htmx.parseInterval(
p.reconnectMaxDelay)??p.reconnectMaxDelay,v=Math.min(w*Math.pow(2,m.attempt-1),q);if(p.reconnectJitter>0){let I=v*p.reconnectJitter;v=Math.max(0,v+(Math.random()*
2-1)*I)}if(m.cancelled=!1,!a.triggerHtmxEvent(u,"htmx:sse:before:connection",{connection:m})||m.cancelled||(await new Promise(I=>{m.delayCanceller=I,setTimeout(
I,v)}),m.delayCanceller=null,!u.isConnected))break;let C=new AbortController;m.abortController=C;let x=!1,N=htmx.parseInterval(p.connectTimeout)??p.connectTimeout,
re=N>0?setTimeout(()=>{x=!0,C.abort()},N):null;try{h(r.request.headers),m.lastEventId&&(r.request.headers["Last-Event-ID"]=m.lastEventId),k=await fetch(r.request.
action,{...r.request,signal:C.signal}),clearTimeout(re)}catch(I){if(clearTimeout(re),C.signal.aborted&&!x)break;a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,
error:I}),d=!1,m.attempt++;continue}if(!k.ok){a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,error:new Error(`SSE reconnect failed with status ${k.status}`),
status:k.status}),d=!1,m.attempt++;continue}m.status=k.status,a.triggerHtmxEvent(u,"htmx:sse:after:connection",{connection:m}),m.attempt=0}d=!1;try{m.reader=k.body.
getReader();for await(let w of e(m)){if(!u.isConnected||d)break;if(w.hasId&&(m.lastEventId=w.id,w.id||h(r.request.headers)),!w.hasData&&!w.event)continue;let q=[],
v={connection:m,message:{data:w.data,event:w.event,id:w.id},cancelled:!1,waitUntil:x=>q.push(Promise.resolve(x))},C=a.triggerHtmxEvent(u,"htmx:sse:before:messag\
e",v);if(await Promise.all(q),!(!C||v.cancelled)){if(w.retry!=null&&(p.reconnectDelay=w.retry),v.message.event){v.message.event==="hx:release"&&g(),htmx.trigger(
u,v.message.event,{data:v.message.data,id:v.message.id}),a.triggerHtmxEvent(u,"htmx:sse:after:message",{connection:m,message:v.message});let x=a.attributeValue(
u,"hx-sse:close");if(x&&v.message.event===x){f="message",m.reader?.cancel();return}continue}r.text=v.message.data,r.swap.includes("swapEmpty")||(r.swap+=" swapE\
mpty:false"),await htmx.swap(r),p.releaseOn==="first"&&g(),a.triggerHtmxEvent(u,"htmx:sse:after:message",{connection:m,message:v.message})}}}catch(w){!m.abortController?.
signal?.aborted&&w.name!=="AbortError"&&a.triggerHtmxEvent(u,"htmx:sse:error",{connection:m,error:w})}if(!u.isConnected)break;m.attempt++}}finally{g(),n(u,f??(u.
isConnected?"ended":"removed"))}}function s(r){let l=a.attributeValue(r,"hx-sse:connect");if(!l||r._htmx?.sse)return;let u=a.attributeValue(r,"hx-trigger")||"lo\
ad";a.onTrigger(r,u,()=>{r._htmx?.sse||htmx.ajax("GET",l,{source:r,timeout:c(r).connectTimeout})})}function n(r,l){let u=r?._htmx?.sse;u&&(u.reader?.cancel?.(),
u.abortController?.abort(),u.delayCanceller&&u.delayCanceller(),u.visibilityHandler&&document.removeEventListener("visibilitychange",u.visibilityHandler),a.triggerHtmxEvent(
r,"htmx:sse:close",{connection:u,reason:l||"cleanup"}),delete r._htmx.sse)}function i(r){for(let l of["sse-connect","sse-close","sse-swap"])!r.hasAttribute(l)||
o.has(l)||(console.warn(l==="sse-swap"?"htmx: [hx-sse] sse-swap is removed in htmx 4. Unnamed SSE messages are swapped automatically. Named events are dispatche\
d as DOM events.":`htmx: [hx-sse] legacy attribute ${l} is deprecated; use hx-sse:${l.slice(4)} instead`),o.add(l))}htmx.registerExtension("sse",{init:r=>{a=r},
htmx_config_request:(r,{ctx:l})=>{l.request.headers.Accept=`${l.request.headers.Accept??l.request.headers.accept??"text/html"}, text/event-stream`,l.timeout!=null&&
(l.request.timeout=l.timeout)},htmx_before_response:(r,l)=>{let u=l.ctx;if(!u.response.raw.headers.get("Content-Type")?.includes("text/event-stream"))return;clearTimeout(
u.requestTimeout);let d;return u.extensionPromise=new Promise(f=>d=f),t(u,d).catch(f=>{f.name!=="AbortError"&&a.triggerHtmxEvent(r,"htmx:sse:error",{error:f,url:u.
request.action})}),!1},htmx_after_process:r=>{let l=htmx.config.metaCharacter||":",u=f=>{i(f);for(let g of["connect","close"]){let m=`sse-${g}`;if(!f.hasAttribute(
m))continue;let b=(htmx.config.prefix||"hx-")+"sse"+l+g;f.hasAttribute(b)||f.setAttribute(b,f.getAttribute(m))}s(f)};u(r);let d=`[${CSS.escape("hx-sse"+l+"conne\
ct")}]`;htmx.config.prefix&&(d+=`,[${CSS.escape(htmx.config.prefix+"sse"+l+"connect")}]`),r.querySelectorAll(`${d},[sse-connect],[sse-close],[sse-swap]`).forEach(
u)},htmx_before_cleanup:r=>{n(r)}})})();var Ke="/ui/session",F="session-notice";function P(){return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content")??""}function Qe(a){document.
querySelector('meta[name="csrf-token"]')?.setAttribute("content",a),document.querySelectorAll('input[type="hidden"][name="csrf"]').forEach(c=>c.value=a)}function Y(...a){
let o=y("p",{},...a),c=document.getElementById(F);if(c?.textContent===o.textContent)return;c?.remove();let h=y("div",{id:F,class:"alert notice","data-kind":"war\
ning",role:"alert"},o);(document.querySelector("main")??document.body).prepend(h)}function Ge(){let a=y("a",{href:"/ui/login",target:"_blank",rel:"noopener"},"L\
og in in a new tab");Y(y("strong",{},"Your session has ended.")," ",a,", and continue here. This page keeps what you have written.")}function ue(){let a=document.
getElementById(F);a&&(a.remove(),document.dispatchEvent(new Event("stepwell:session")))}async function H(){try{let o=await fetch(Ke,{mode:"same-origin",cache:"n\
o-store",headers:{accept:"application/json","hx-request":"true"}});if(o.status===401)return Ge(),!1;if(!o.ok)throw new Error(`the server answered ${o.status}`);
let{csrf:c}=await o.json();return Qe(c),ue(),!0}catch{return Y(y("strong",{},"The server does not answer.")," This page keeps what you have written. Try again."),
!1}}async function fe(a,o){let c=()=>fetch(a,{...o,mode:"same-origin",headers:{...o.headers,"x-csrf-token":P()}}),h=await c();return(h.status===401||h.status===
403)&&await H()?c():h}var X=new Set;function Je(a){let{ctx:o}=a.detail;o.response.status!==401&&o.response.status!==403||(a.preventDefault(),o.request.method!==
"GET"&&X.add(o.sourceElement),H())}function Xe(){let a=[...X].filter(o=>o.isConnected);X.clear();for(let o of a)o instanceof HTMLButtonElement?o.click():o.dispatchEvent(
new Event("change",{bubbles:!0}))}var Ye=a=>a.method==="post"&&!a.dataset.upload&&P()?H():null,U=null;function Ze(){U??=new Date().toLocaleTimeString(),Y(y("str\
ong",{},"The server does not answer."),` This page shows its state at ${U}, and tries again.`)}function et(){U!==null&&(U=null,ue())}function de(){let a=()=>document.
getElementById(F)&&void H();document.addEventListener("visibilitychange",()=>document.hidden||a()),window.addEventListener("focus",a),document.addEventListener(
"htmx:before:response",et),document.addEventListener("htmx:before:response",Je),document.addEventListener("htmx:error",Ze),B(Ye),document.addEventListener("step\
well:session",Xe)}function me(){throw new Error("this page evaluates no code from attributes")}function tt(){let a={createHTML:o=>o,createScript:()=>""};try{return globalThis.trustedTypes?.
createPolicy("stepwell",a)??a}catch{return a}}function pe(a){let{indicatorStyleSheet:o}=L;L.config.includeIndicatorCSS=!1,L.config.morphIgnore=[...L.config.morphIgnore,
"open"],document.adoptedStyleSheets=document.adoptedStyleSheets.filter(c=>c!==o),L.config.noSwap=[...L.config.noSwap,"4xx","5xx"],L.registerExtension("stepwell",
{init:c=>c.initSecurity(tt(),me,me),htmx_before_on_init:()=>!1,htmx_config_request:(c,{ctx:h})=>{h.request.method!=="GET"&&(h.request.headers["x-csrf-token"]=P())},
htmx_after_process:a})}var ee="stepwell-keys",st=1500;function it(a,o,c){return o!==null&&c.includes(`${o} ${a}`)?{shortcut:`${o} ${a}`}:c.includes(a)?{shortcut:a}:c.some(h=>h.startsWith(
`${a} `))?{first:a}:null}function rt(a){return a instanceof HTMLElement&&(a.isContentEditable||a.matches('input, textarea, select, [role="textbox"]'))}function be(){
let a=new Map;for(let o of document.querySelectorAll("a[data-key]"))a.has(o.dataset.key??"")||a.set(o.dataset.key??"",o);return a}function Z(a,o){let c=o.split(
" ").flatMap(h=>[y("kbd",{},h)," "]);return y("div",{},y("dt",{},...c),y("dd",{},a))}function we(){let a=[Z("Search this page","/"),Z("Show the keyboard shortcu\
ts","?")];for(let[h,e]of be())a.push(Z((e.firstElementChild??e).textContent?.trim()??"",h));let o=y("input",{type:"checkbox"});o.checked=K(ee)!=="off",o.addEventListener(
"change",()=>ae(ee,o.checked?null:"off"));let c=O("Keyboard shortcuts",[y("dl",{class:"keys"},...a),y("label",{class:"check"},o,"Use keyboard shortcuts in this \
browser"),y("div",{class:"dialog-actions"},A("Close",()=>c.close()))])}function nt(){let o=[...document.querySelectorAll('[data-search], input[type="search"]')].
find(c=>c.checkVisibility());o?.focus(),o?.select?.()}var ge=null,ye=0;function ot(a){let{key:o,ctrlKey:c,metaKey:h,altKey:e,timeStamp:t}=a;if(c||h||e||a.defaultPrevented||
a.isComposing||rt(a.composedPath()[0])||document.querySelector("dialog[open]")||K(ee)==="off")return;let n=be(),i=it(o,t-ye<st?ge:null,["/","?",...n.keys()]);ge=
i?.first??null,ye=t,i?.shortcut&&(a.preventDefault(),i.shortcut==="/"?nt():i.shortcut==="?"?we():n.get(i.shortcut)?.click())}function ve(){document.addEventListener(
"keydown",ot),document.addEventListener("click",({target:a})=>{a instanceof Element&&a.closest("[data-keys-help]")&&we()})}var M=class{#e=new Uint32Array(1024);#t=0;#n=0;get length(){return this.#n-this.#t}at(o){return this.#e[this.#t+o]??0}push(o){if(this.#n===this.#e.length){let c=this.#e.
subarray(this.#t,this.#n),h=new Uint32Array(Math.max(1024,c.length*2));h.set(c),[this.#e,this.#n,this.#t]=[h,c.length,0]}this.#e[this.#n]=o,this.#n+=1}find(o){let[
c,h]=[0,this.length];for(;c<h;){let e=c+h>>1;this.at(e)<o?c=e+1:h=e}return c}dropBelow(o){this.#t+=this.find(o)}};var T=8192,at=1e6,_=["trace","debug","info","warn","error"],V=class{#e=[];#t=0;#n=new Map;#r={step:"",level:0};#a=null;first=0;end=0;steps=[];rows=new M;matches=new M;version=0;constructor(o=at+
T){this.max=o}get busy(){return this.#t<this.end}push(o){let c=this.end%T;c===0&&this.#o();let h=this.#e.at(-1);if(!h)return;h.number[c]=o.number,h.at[c]=Date.parse(
o.at),h.step[c]=this.#h(o.step??"");let e=_.indexOf(o.level??"info");h.level[c]=e<0?2:e,h.text.push(String(o.text)),this.end+=1}get(o){let c=this.#e[Math.floor(
o/T)-this.first/T],h=o%T;return{number:c?.number[h]??0,at:c?.at[h]??0,step:this.steps[c?.step[h]??0]??"",level:_[c?.level[h]??2]??"info",text:c?.text[h]??""}}select(o,c,h){
this.#r={step:o,level:Math.max(0,_.indexOf(c))},this.#a=h,this.#t=this.first,this.rows=new M,this.matches=new M,this.version+=1}scan(o){let c=performance.now()+
o;for(;this.#t<this.end;){if(this.#t%512===511&&performance.now()>c)return this.#l();this.#l()}return!0}#l(){let o=this.#t,c=this.#e[Math.floor(o/T)-this.first/
T],h=o%T;this.#t+=1;let{step:e,level:t}=this.#r;return c&&(c.level[h]??0)>=t&&(e===""||this.steps[c.step[h]??0]===e)&&(this.rows.push(o),this.#a&&(c.text[h]??"").
search(this.#a)>=0&&this.matches.push(o)),this.#t>=this.end}#o(){this.#e.push({number:new Float64Array(T),at:new Float64Array(T),step:new Uint32Array(T),level:new Uint8Array(
T),text:[]}),!(this.#e.length*T<=this.max||this.#e.length===1)&&(this.#e.shift(),this.first+=T,this.#t=Math.max(this.#t,this.first),this.rows.dropBelow(this.first),
this.matches.dropBelow(this.first))}#h(o){let c=this.#n.get(o);return c===void 0&&(c=this.steps.push(o)-1,this.#n.set(o,c)),c}};var lt=5e3,ht=(a,o)=>o<0?a:`${a}?after=${o}`;function xe(a,{line:o,state:c}){let h=null,e=-1,t=!1,s=0;function n(){clearTimeout(s),h?.close(),h=null}function i({
data:d}){if(!a.isConnected)return p();let f=JSON.parse(d);if(!(f.number<=e))return e=f.number,o(f)}function r(){return a.isConnected?h?.readyState!==EventSource.
CLOSED?c("reconnecting"):(n(),c("disconnected"),s=setTimeout(l,lt),void H()):p()}function l(){n(),!(t||document.hidden||!a.isConnected)&&(h=new EventSource(ht(a.
dataset.logStream??"",e)),h.addEventListener("open",()=>c("live")),h.addEventListener("error",r),h.addEventListener("end",()=>{p(),c("complete")}),h.addEventListener(
"message",i))}function u(){if(!t){if(!document.hidden)return l();n(),c("paused")}}function p(){t=!0,n(),document.removeEventListener("visibilitychange",u),document.
removeEventListener("stepwell:session",l)}document.addEventListener("visibilitychange",u),document.addEventListener("stepwell:session",l),l()}var Se=/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;function Ee(a){
return a<32?String.fromCharCode(9216+a):a===127?"\u2421":`U+${a.toString(16).toUpperCase().padStart(4,"0")}`}var $=4e3,ct=a=>Ee(a.codePointAt(0)??0);function Te(a,o=null){let c=[],h=0;for(let e of o?a.matchAll(o):[])e[0]!==""&&(te(a.slice(h,e.index),"plain",c),te(e[0],
"found",c),h=e.index+e[0].length);return te(a.slice(h),"plain",c),c}function te(a,o,c){let h=0;for(let{0:e,index:t}of a.matchAll(Se))t>h&&c.push({text:a.slice(h,
t),kind:o}),c.push({text:ct(e),kind:"control"}),h=t+e.length;h<a.length&&c.push({text:a.slice(h),kind:o})}function Ce(a){if(a.length<=$)return a;let o=a.charCodeAt(
$-1);return a.slice(0,o>=55296&&o<=56319?$-1:$)}function Ae(a){return a===""?null:new RegExp(a.replace(/[.*+?^${}()|[\]\\/-]/g,"\\$&"),"gi")}function ke({lines:a,
shown:o,dropped:c,matches:h,match:e,state:t}){let s=i=>i.toLocaleString("en"),n=[a===1?"1 line":`${s(a)} lines`];return o!==a&&n.push(`${s(o)} shown`),h!==null&&
n.push(h===1?"1 match":`${s(h)} matches`),e>0&&n.push(`at match ${s(e)}`),c>0&&n.push(`without the oldest ${s(c)}`),`${n.join(", ")}; ${t}`}var ut=[[31536e3,"y"],[86400,"d"],[3600,"h"],[60,"min"]];function ft(a,o){let c=Math.round(Math.abs(o-a)/1e3);if(c<10)return"just now";let[h,e]=ut.find(([s])=>c>=
s)??[1,"s"],t=`${Math.floor(c/h)} ${e}`;return a>o?`in ${t}`:`${t} ago`}function se(a,o){let c=t=>new Intl.DateTimeFormat("en-GB",{timeZone:t,hourCycle:"h23",year:"\
numeric",month:"2-digit",day:"2-digit",hour:"2-digit",minute:"2-digit",second:"2-digit",timeZoneName:"short"}),h;try{h=c(o)}catch{h=c(void 0)}let e=Object.fromEntries(
h.formatToParts(a).map(({type:t,value:s})=>[t,s]));return`${e.year}-${e.month}-${e.day} ${e.hour}:${e.minute}:${e.second} ${e.timeZoneName}`}function W(a){let o=Date.
now();for(let c of a.querySelectorAll("time[data-relative][datetime]")){let h=Date.parse(c.getAttribute("datetime")??"");if(Number.isNaN(h))continue;let e=ft(h,
o);c.textContent!==e&&(c.textContent=e),c.hasAttribute("title")||c.setAttribute("title",se(h,c.getAttribute("data-zone")??void 0))}}function qe(){setInterval(()=>W(
document),2e4),document.addEventListener("visibilitychange",()=>document.hidden||W(document))}var dt=new Intl.DateTimeFormat("en-GB",{hourCycle:"h23",hour:"2-digit",minute:"2-digit",second:"2-digit",timeZoneName:"short"});function Ie(a,o,c){for(let h of Te(
o,c))h.kind==="plain"?a.append(h.text):h.kind==="found"?a.append(y("mark",{},h.text)):a.append(y("span",{class:"log-control",title:"control character"},h.text))}
function Le({number:a,at:o,step:c,level:h,text:e},t,s){let n=Number.isNaN(o)?"":dt.format(o),i=y("span",{class:"log-text"});if(e.length>$){let r=`show all (${e.
length.toLocaleString("en")} characters)`;i.append(A(r,()=>mt(a,e,t),"log-all"))}return Ie(i,Ce(e),t),y("div",{class:"log-row","data-level":h,...s&&{"data-curre\
nt":""}},y("span",{class:"log-number"},String(a)),y("time",{class:"log-time",...n&&{title:se(o)}},n),y("span",{class:"log-level"},h),y("span",{class:"log-step",
title:c},c),i)}function mt(a,o,c){let h=y("pre",{class:"code wrap",tabindex:"0"});Ie(h,o,c);let e=A("Close",()=>t.close()),t=O(`Line ${a}`,[h,y("div",{class:"di\
alog-actions"},e)])}var Me=12,pt=12e6,z=class{#e=y("div",{class:"log-rows"});#t=y("div",{class:"log-spacer"});#n="";#r=20;#a=0;#l=0;search=null;current=-1;follow=!0;constructor(o,c,h){
this.store=o,this.changed=h,this.element=y("div",{class:"log-view",tabindex:"0",role:"group","aria-label":c}),this.element.append(this.#t,this.#e),this.element.
addEventListener("scroll",()=>this.#h()),this.element.addEventListener("keydown",e=>this.#c(e)),new ResizeObserver(()=>this.update()).observe(this.element)}#o(){
let o=this.store.rows.length*this.#r,c=Math.min(o,pt),h=this.element.clientHeight;return{all:o,spacer:c,view:h,ratio:c>h?(o-h)/(c-h):1}}update(){this.#r=Number.
parseFloat(getComputedStyle(this.#e).lineHeight)||20;let o=this.#o();this.#t.style.height=`${o.spacer}px`,this.follow?this.element.scrollTop=o.spacer:(o.ratio!==
1||this.#l!==this.store.first)&&(this.element.scrollTop=this.store.rows.find(this.#a)*this.#r/o.ratio),this.#l=this.store.first,this.render()}render(){let{ratio:o,
view:c}=this.#o(),h=this.element.scrollTop,e=Math.max(0,Math.floor(h*o/this.#r)-Me),t=Math.min(this.store.rows.length,e+Math.ceil(c/this.#r)+2*Me);this.#e.style.
transform=`translateY(${h-h*o+e*this.#r}px)`;let s=[e,t,this.store.rows.at(e),this.store.version,this.current].join(" ");if(s===this.#n)return;this.#n=s;let n=this.#e.
contains(document.activeElement),i=[];for(let r=e;r<t;r+=1){let l=this.store.rows.at(r);i.push(Le(this.store.get(l),this.search,l===this.current))}this.#e.replaceChildren(
...i),n&&this.element.focus({preventScroll:!0})}goTo(o,c=!1){let{ratio:h,view:e}=this.#o(),t=c?(e-this.#r)/2:0;this.element.scrollTop=(o*this.#r-t)/h,this.render()}#h(){
let{scrollTop:o,clientHeight:c,scrollHeight:h}=this.element,e=o+c>=h-this.#r;this.#a=this.store.rows.at(Math.round(o*this.#o().ratio/this.#r)),e!==this.follow&&
!this.store.busy&&(this.follow=e,this.changed()),this.render()}#c(o){if(o.target!==this.element||o.ctrlKey||o.metaKey||o.altKey)return;let{ratio:c,view:h}=this.#o(),
e=this.element.scrollTop*c/this.#r,t=Math.max(1,Math.floor(h/this.#r)-1),s=this.store.rows.length,r={...{PageUp:e-t,PageDown:e+t,ArrowUp:e-1,ArrowDown:e+1},Home:0,
End:s}[o.key];r!==void 0&&(o.preventDefault(),this.goTo(Math.max(0,r)))}};var gt=12,yt=2e3,ie=class{#e=new V;#t=0;#n="connecting";#r=-1/0;#a=0;#l=y("input",{type:"search","data-search":"",autocomplete:"off"});#o=y("select",{},y("optio\
n",{value:""},"all steps"));#h=y("select");#c=y("input",{type:"checkbox"});#E=y("p",{class:"log-status","aria-hidden":"true"});#I=y("p",{class:"visually-hidden",
role:"status","aria-live":"polite"});constructor(o){let c=o.getAttribute("aria-label")??"Log";this.view=new z(this.#e,c,()=>this.#c.checked=this.view.follow);let h=(t,s)=>s?
`${t} and above`:"all levels";this.#h.append(..._.map((t,s)=>y("option",{value:t},h(t,s)))),this.#c.checked=!0;let e=y("div",{class:"toolbar"},R("Search",this.#l),
A("Previous",()=>this.#b(-1),"button plain"),A("Next",()=>this.#b(1),"button plain"),R("Step",this.#o),R("Level",this.#h),y("label",{class:"check"},this.#c,"Fol\
low"));o.replaceChildren(e,this.view.element,this.#E,this.#I),this.#L(),xe(o,{line:t=>{this.#e.push(t),this.#u()},state:t=>this.#y(t)})}#L(){this.#l.addEventListener(
"input",()=>this.#m()),this.#o.addEventListener("change",()=>this.#m()),this.#h.addEventListener("change",()=>this.#m()),this.#l.addEventListener("keydown",o=>{
o.key==="Enter"&&(o.preventDefault(),this.#b(o.shiftKey?-1:1))}),this.#c.addEventListener("change",()=>{this.view.follow=this.#c.checked,this.view.update()})}#y(o){
this.#n=o,this.#u()}#m(){this.view.search=Ae(this.#l.value),this.view.current=-1,this.#e.select(this.#o.value,this.#h.value,this.view.search),this.#r=-1/0,this.#u()}#b(o){
let{matches:c,rows:h}=this.#e;if(c.length===0)return;let{current:e}=this.view,s=((o>0?c.find(e+1):c.find(e<0?1/0:e)-1)+c.length)%c.length;this.view.current=c.at(
s),this.view.follow=this.#c.checked=!1,this.view.goTo(h.find(this.view.current),!0),this.#r=-1/0,this.#u()}#u(){this.#t||=requestAnimationFrame(()=>{this.#t=0,this.#e.
scan(gt)||this.#u(),this.#R(),this.view.update(),this.#j()})}#R(){let{steps:o}=this.#e,c=new Set([...this.#o.options].map(({value:h})=>h));this.#o.append(...o.filter(
h=>!c.has(h)).map(h=>y("option",{value:h},h)))}#j(){let{rows:o,matches:c,first:h,end:e}=this.#e,{current:t,search:s}=this.view;this.#E.textContent=ke({lines:e-h,
shown:o.length,dropped:h,matches:s?c.length:null,match:t<0?0:c.find(t)+1,state:this.#n}),clearTimeout(this.#a),this.#a=setTimeout(()=>this.#T(),this.#r+yt-performance.
now())}#T(){this.#r=performance.now(),this.#I.textContent=this.#E.textContent}},Oe=new WeakSet;function He(a){for(let o of a.querySelectorAll("[data-log-stream]"))
Oe.has(o)||new ie(o),Oe.add(o)}function $e(a,o){let c=[...o].filter(([,e])=>typeof e=="string"),h=new URLSearchParams(c).toString();return h?`${a}?${h}`:a}async function bt(a){let o=a.querySelector('input[type="file"]'),c=o instanceof HTMLInputElement?o.files?.[0]:void 0,h=a.querySelector("[data-upload-result]"),e=a.
querySelector('button[type="submit"]');if(!(!c||!h||!(e instanceof HTMLButtonElement))){e.disabled=!0,h.textContent=`Sending ${c.name} \u2026`;try{let t={"conte\
nt-type":a.dataset.upload??"",accept:"application/json"},s=$e(a.action,new FormData(a)),n=await fe(s,{method:"POST",headers:t,body:c}),i=await n.json();h.textContent=
i.text??i.problem??`The server answered ${n.status}.`,n.ok&&typeof i.next=="string"&&location.assign(i.next)}catch(t){h.textContent=`The file was not sent: ${t}`}finally{
e.disabled=!1}}}function wt(a){let o=a.target instanceof HTMLFormElement?a.target:null;o?.dataset.upload&&(a.preventDefault(),bt(o))}function Ne(){document.addEventListener(
"submit",wt)}function De(a){W(a),He(a)}ne();oe();le();ve();de();qe();Ne();pe(De);De(document);he();})();
